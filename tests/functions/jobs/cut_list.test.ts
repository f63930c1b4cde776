import fc from "fast-check";
import { expect, test } from "vitest";
import { cutList, FIRST_CUT } from "../../../functions/jobs/cut_list.ts";
import type { Chunk, Cut } from "../../../functions/jobs/job.ts";
import { LineSplitter } from "../../../shared/lines.ts";

async function* piecesOf(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** Cuts a list whose parts are read in steps of some bytes, which arrive in pieces. */
async function cutAll(list: Uint8Array, step: number, piece: number, limit = { bytes: 7, lines: 3 }) {
  const chunks: Chunk[] = [];
  for (let cut: Cut | null = FIRST_CUT; cut !== null;) {
    const part = list.subarray(cut.read, cut.read + step);
    const found = await cutList(cut, piecesOf(part, piece), list.length, limit);
    chunks.push(...found.chunks);
    cut = found.next;
  }
  return chunks;
}

const linesOf = (bytes: Uint8Array, firstLine = 1) => {
  const splitter = new LineSplitter(firstLine);
  return [...splitter.push(bytes), ...splitter.end()];
};

const anyList = fc.array(fc.constantFrom("a", "bcd", "ß", "\n", "\r\n", "\n\n"), { maxLength: 60 })
  .map((parts) => new TextEncoder().encode(parts.join("")));
const positive = fc.integer({ min: 1, max: 30 });

test("the chunks' lines are the list's, each once and in order, however the list is read", async () => {
  await fc.assert(fc.asyncProperty(anyList, positive, positive, async (list, step, piece) => {
    const chunks = await cutAll(list, step, piece);
    const scored = chunks.flatMap(({ start, end, firstLine }) =>
      linesOf(list.subarray(start, end), firstLine)
    );
    expect(scored).toEqual(linesOf(list));
    for (const { start, end, firstLine, lines } of chunks) {
      expect(linesOf(list.subarray(start, end), firstLine)).toHaveLength(lines);
      expect(lines).toBeLessThanOrEqual(3);
    }
    expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, i) => i));
    expect(chunks).toEqual(await cutAll(list, 1000, 1000));
  }));
});
