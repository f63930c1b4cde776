import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, MAX_LINE_UNITS } from "../../shared/lines.ts";
import { type WholeLines, wholeLines } from "../../shared/whole_lines.ts";

/** Cuts bytes that arrive in chunks of the given lengths; the rest arrives as the last chunk. */
async function cut(bytes: Uint8Array, lengths: readonly number[]): Promise<WholeLines[]> {
  async function* chunks() {
    let at = 0;
    for (const length of lengths) yield bytes.subarray(at, at += length);
    yield bytes.subarray(at);
  }
  return await Array.fromAsync(wholeLines(chunks()));
}

/** The lines of bytes, as they are scored. */
function linesOf(bytes: Uint8Array, firstLine = 1) {
  const splitter = new LineSplitter(firstLine);
  return [...splitter.push(bytes), ...splitter.end()];
}

/** Random text with many line ends, byte order marks, and bytes that are not UTF-8. */
const anyBytes = fc.array(fc.constantFrom("a", "ß", "😀", "\n", "\r\n", "\ufeff", "bad"), { maxLength: 60 })
  .map((parts) => {
    const encode = (part: string) => part === "bad" ? [0xf0, 0x9f] : [...new TextEncoder().encode(part)];
    return Uint8Array.from(parts.flatMap(encode));
  });

describe("wholeLines", () => {
  test("gives pieces whose lines are those of the whole text, wherever the chunks end", async () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 20 }));
    await fc.assert(fc.asyncProperty(anyBytes, lengths, async (bytes, lengths) => {
      const pieces = await cut(bytes, lengths);
      expect(pieces.flatMap(({ bytes, firstLine }) => linesOf(bytes, firstLine))).toEqual(linesOf(bytes));
      expect(pieces.at(-1)?.end ?? 0).toBe(bytes.length);
    }));
  });

  test("keeps only the beginning of a line that is too long, and the lines after it", async () => {
    const long = "😀".repeat(100_000);
    const bytes = new TextEncoder().encode(`a\n${long}\nb\n`);
    const pieces = await cut(bytes, new Array(100).fill(4000));
    expect(pieces.flatMap(({ bytes, firstLine }) => linesOf(bytes, firstLine))).toEqual(linesOf(bytes));
    const largest = Math.max(...pieces.map(({ bytes }) => bytes.length));
    expect(largest).toBeLessThan(4 * MAX_LINE_UNITS + 10_000);
  });
});
