import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { readList } from "../../trainer/list_file.ts";

const readme = await readFile("trainer/data/README.md", "utf8");

describe.each([
  ["us-names-2018.txt", 32_257, 29_693, 15],
  ["french-communes-2026.txt", 32_731, 32_731, 45],
  ["english-words-2020.txt", 40_134, 40_134, 18],
])("the list %s", (file, count, different, longest) => {
  test("is the one that trainer/data/README.md describes", async () => {
    const { lines, sha256 } = await readList(`trainer/data/${file}`);
    expect(lines.length).toBe(count);
    expect(new Set(lines).size).toBe(different);
    expect(Math.max(...lines.map((line) => Array.from(line).length))).toBe(longest);
    const section = readme.split("\n## ").find((part) => part.startsWith(file));
    expect(section).toContain(sha256);
    expect(readme).toContain(`| ${count.toLocaleString("en")} |`);
  });

  test("has a vocabulary without capitals, which accepts its lines in any case", async () => {
    const { lines } = await readList(`trainer/data/${file}`);
    const vocabulary = Vocabulary.of(lines);
    for (const line of lines) expect(vocabulary.decode(vocabulary.encode(line.toUpperCase()))).toBe(line);
  });
});
