import { MAX_LINE_UNITS } from "./lines.ts";

/** The byte that ends a line; in UTF-8 it is a part of no other character. */
export const LINE_FEED = 10;
/**
 * Bytes that are kept of a line whose end has not arrived: more than {@link MAX_LINE_UNITS}, at four bytes a unit, so that it is
 * truncated as if the rest were there.
 */
const MAX_KEPT_BYTES = 4 * (MAX_LINE_UNITS + 2);

/** Some whole lines of a text. */
export interface WholeLines {
  /** Their bytes, in a buffer of their own. */
  bytes: Uint8Array<ArrayBuffer>;
  /** The number of the first, from 1. */
  firstLine: number;
  /** How many bytes of the text they end after. */
  end: number;
}

/**
 * Cuts a stream of bytes at line ends, in bounded memory: each chunk of the stream gives the lines that end in it. Of a line that is
 * too long to be a name, bytes may be left out that {@link LineSplitter} does not read either.
 */
export async function* wholeLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WholeLines> {
  let begun: Uint8Array[] = [];
  let [firstLine, read] = [1, 0];
  const join = (last: Uint8Array): WholeLines => {
    const bytes = concatenate([...begun, last]);
    begun = [];
    const lines = { bytes, firstLine, end: read };
    firstLine += countLineFeeds(bytes);
    return lines;
  };
  const keep = (bytes: Uint8Array) => {
    const kept = begun.reduce((sum, { length }) => sum + length, 0);
    if (kept < MAX_KEPT_BYTES && bytes.length > 0) begun = [concatenate([...begun, bytes])];
  };
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    read += end;
    if (end > 0) yield join(chunk.subarray(0, end));
    read += chunk.length - end;
    keep(chunk.subarray(end));
  }
  if (begun.length > 0) yield join(new Uint8Array());
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function countLineFeeds(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === LINE_FEED) count++;
  return count;
}
