import { afterEach, expect, test, vi } from "vitest";
import { pageUrl } from "../../scripts/page_url.ts";
import { startDeno } from "../processes.ts";

afterEach(() => void vi.unstubAllEnvs());

test.each([
  [undefined, ""],
  ["", ""],
  ["https://example.com", "https://example.com"],
  ["https://example.com/", "https://example.com"],
  ["http://127.0.0.1:8000/docs?a=1#b", "http://127.0.0.1:8000"],
])("EDGEMORE_PAGE_URL %j is the page's origin %j", (given, origin) => {
  vi.stubEnv("EDGEMORE_PAGE_URL", given);
  expect(pageUrl()).toBe(origin);
});

const BAD = [
  "example.com",
  "https//example.com",
  "//example.com",
  "ftp://example.com",
  "javascript:alert(1)",
];

test.each(BAD)("EDGEMORE_PAGE_URL %j is refused", (given) => {
  vi.stubEnv("EDGEMORE_PAGE_URL", given);
  expect(pageUrl).toThrow(
    `EDGEMORE_PAGE_URL must be an http(s) URL such as https://example.com, is ${JSON.stringify(given)}`,
  );
});

test("a build with a bad EDGEMORE_PAGE_URL fails", async () => {
  const { code, stderr } = await startDeno(["task", "build:docs"], { EDGEMORE_PAGE_URL: "example.com" })
    .ended;
  expect(code).toBe(1);
  expect(stderr).toContain(
    'EDGEMORE_PAGE_URL must be an http(s) URL such as https://example.com, is "example.com"',
  );
});
