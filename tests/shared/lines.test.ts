import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Line, LineSplitter, MAX_LINE_UNITS } from "../../shared/lines.ts";

/** Splits bytes that arrive in pieces of the given lengths; the rest arrives as the last piece. */
function split(bytes: Uint8Array, pieces: readonly number[] = []): Line[] {
  const splitter = new LineSplitter();
  const lines: Line[] = [];
  let start = 0;
  for (const piece of pieces) {
    lines.push(...splitter.push(bytes.subarray(start, start + piece)));
    start += piece;
  }
  return [...lines, ...splitter.push(bytes.subarray(start)), ...splitter.end()];
}

function texts(text: string, pieces?: readonly number[]): string[] {
  return split(new TextEncoder().encode(text), pieces).map(({ text }) => text);
}

/** Random text with many line ends of each kind, and characters of one to four bytes. */
const anyText = fc.array(fc.constantFrom("a", "ß", "ไ", "😀", "\n", "\r\n", "\r", " "), { maxLength: 60 })
  .map((parts) => parts.join(""));

describe("LineSplitter", () => {
  test("gives the same lines wherever the bytes are split, and loses nothing", () => {
    fc.assert(fc.property(anyText, fc.array(fc.integer({ min: 0, max: 5 })), (text, pieces) => {
      const lines = split(new TextEncoder().encode(text), pieces);
      const expected = text.split("\n");
      if (expected.at(-1) === "") expected.pop();
      expect(lines.map(({ text }) => text)).toEqual(expected.map((line) => line.replace(/\r$/, "")));
      expect(lines.map(({ number }) => number)).toEqual(expected.map((_, i) => i + 1));
      expect(lines.every(({ truncated }) => !truncated)).toBe(true);
    }));
  });

  test("accepts LF and CRLF, and a last line without a line end", () => {
    expect(texts("ada\r\nbob\neve")).toEqual(["ada", "bob", "eve"]);
    expect(texts("ada\n")).toEqual(["ada"]);
    expect(texts("\n\r\n")).toEqual(["", ""]);
    expect(texts("")).toEqual([]);
    expect(texts("a\rb\r")).toEqual(["a\rb"]);
  });

  test("truncates a longer line to 4,096 UTF-16 units", () => {
    const [whole, cut] = split(new TextEncoder().encode(`${"a".repeat(4096)}\n${"b".repeat(100_000)}\n`), [
      1000,
    ]);
    expect(whole).toEqual({ number: 1, text: "a".repeat(4096), truncated: false });
    expect(cut).toEqual({ number: 2, text: "b".repeat(4096), truncated: true });
  });

  test("skips a byte order mark at the beginning, also if it is split", () => {
    for (const pieces of [[], [1], [2], [3], [1, 1, 1]]) {
      expect(texts("\ufeffada\n\ufeffbob", pieces)).toEqual(["ada", "\ufeffbob"]);
    }
  });

  test("decodes bytes that are not UTF-8 as U+FFFD", () => {
    const bytes = Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0x63, 0xe2, 0x82);
    expect(split(bytes).map(({ text }) => text)).toEqual(["a\ufffdb", "c\ufffd"]);
  });

  test("truncates a long line, and continues with the next one", () => {
    const long = "x".repeat(MAX_LINE_UNITS);
    for (
      const pieces of [[], [MAX_LINE_UNITS], [MAX_LINE_UNITS + 1], [10, MAX_LINE_UNITS], [
        MAX_LINE_UNITS + 2,
        1,
        1,
      ]]
    ) {
      const lines = split(
        new TextEncoder().encode(`${long}\r\n${long}y\n${long}\r\r\nada\n${long}yy`),
        pieces,
      );
      expect(lines.map(({ number, truncated }) => [number, truncated])).toEqual(
        [[1, false], [2, true], [3, true], [4, false], [5, true]],
      );
      expect(lines.map(({ text }) => text)).toEqual([long, long, long, "ada", long]);
    }
  });

  test("keeps no more than the limit of a line of 100 MiB", () => {
    const splitter = new LineSplitter();
    const megabyte = new Uint8Array(2 ** 20).fill(0x78);
    for (let i = 0; i < 100; i++) expect([...splitter.push(megabyte)]).toEqual([]);
    const [line] = splitter.push(Uint8Array.of(0x0a));
    expect([line.text.length, line.truncated, line.number]).toEqual([MAX_LINE_UNITS, true, 1]);
  });

  test("truncates at the limit wherever the bytes are split", () => {
    const lengths = fc.array(fc.integer({ min: MAX_LINE_UNITS - 3, max: MAX_LINE_UNITS + 3 }), {
      maxLength: 4,
    });
    const pieces = fc.array(fc.integer({ min: 1, max: 2 * MAX_LINE_UNITS }));
    fc.assert(fc.property(lengths, pieces, fc.constantFrom("\n", "\r\n"), (lengths, pieces, lineEnd) => {
      const bytes = new TextEncoder().encode(lengths.map((length) => "x".repeat(length) + lineEnd).join(""));
      expect(split(bytes, pieces).map(({ text, truncated }) => [text.length, truncated])).toEqual(
        lengths.map((length) => [Math.min(length, MAX_LINE_UNITS), length > MAX_LINE_UNITS]),
      );
    }));
  });
});
