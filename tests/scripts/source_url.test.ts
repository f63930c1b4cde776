import { expect, test } from "vitest";
import { type Repository, sourceUrl } from "../../scripts/source_url.ts";

test.each<[Repository | undefined, string]>([
  ["https://git.example.org/edgemore", "https://git.example.org/edgemore"],
  ["git+https://git.example.org/edgemore.git", "https://git.example.org/edgemore"],
  [{ url: "git+https://git.example.org/edgemore.git" }, "https://git.example.org/edgemore"],
  ["owner/edgemore", "https://github.com/owner/edgemore"],
  ["github:owner/edgemore", "https://github.com/owner/edgemore"],
  ["git@git.example.org:owner/edgemore.git", ""],
  ["javascript:alert(1)", ""],
  ["", ""],
  [undefined, ""],
])("a browser shows the source of %j at %j", (repository, url) => {
  expect(sourceUrl(repository)).toBe(url);
});
