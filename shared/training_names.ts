import { MAX_NAME_LENGTH, MAX_NAME_UNITS } from "./name_length.ts";

/** Maximum size of a list, in bytes: about 8 million names. Training takes about 30 times as much memory. */
export const MAX_LIST_BYTES = 64 * 2 ** 20;
/** Why a larger one is refused, as the end of a sentence. */
export const LIST_TOO_LARGE: string = listTooLarge(MAX_LIST_BYTES);

function listTooLarge(maxBytes: number): string {
  return `it has more than ${+(maxBytes / 2 ** 20).toFixed(1)} MiB, which is the most for a list`;
}

/**
 * Reads all bytes of a list.
 *
 * @param maxBytes The most bytes. Default: {@link MAX_LIST_BYTES}.
 * @throws {Error} If the list is longer, or its source fails.
 */
export async function collectList(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  maxBytes: number = MAX_LIST_BYTES,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(listTooLarge(maxBytes));
    chunks.push(chunk.slice()); // fetch gives 4 KiB that keep 64 KiB alive
  }
  const bytes = new Uint8Array(size);
  let written = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, written);
    written += chunk.length;
  }
  return bytes;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Bytes of a list that are indexed before a pause: at most 10 ms. */
const SLICE_BYTES = 2 ** 16;
const MAX_NAME_BYTES = 4 * MAX_NAME_LENGTH;

/**
 * The names of the list that a model was trained on, as a set: it tells whether a name is in the list, without the false
 * positives of a Bloom filter.
 *
 * It keeps the bytes of the list, and a hash table of the offsets of its lines. Measured on the list of names in trainer/data (32,257
 * lines, 230 kB) and on one of 350,000 made-up words (4.2 MB), each form in a process of its own, on Deno 2.9.6: user CPU time,
 * the median of 5 runs; what is opened is the gzipped list, but for the automaton:
 *
 * | form             | file            | memory         | to open      | look-up         | lines of code |
 * | ---------------- | --------------- | -------------- | ------------ | --------------- | ------------- |
 * | minimal automaton | 89 kB, 2.36 MB  | 0.1 MB, 2.4 MB | 3 ms, 10 ms  | 0.45 µs, 0.88 µs| 227           |
 * | Set of strings   | 105 kB, 1.91 MB | 1.7 MB, 25 MB  | 29 ms, 465 ms| 0.09 µs, 0.41 µs| about 10      |
 * | sorted offsets   | 105 kB, 1.91 MB | 0.4 MB, 5.6 MB | 23 ms, 326 ms| 0.65 µs, 1.8 µs | about 40      |
 * | this hash table  | 105 kB, 1.91 MB | 0.5 MB, 8.4 MB | 32 ms, 185 ms| 0.33 µs, 0.67 µs| 140           |
 *
 * A Set takes too much of the 128 MB of a Worker. The automaton is smallest, but it is more code, takes 9 s to write 350,000 words, and
 * loses the order of the lines, which the evaluation of a model needs.
 */
export class TrainingNames {
  /** The bytes of the list's file. */
  readonly list: Uint8Array<ArrayBuffer>;
  /** Open addressing: the offset of a line plus one, or 0 for a free slot. Its length is a power of two. */
  #table = new Uint32Array();
  /** The names of lines that are not in normalization form C: they differ from the bytes of the list. */
  readonly #composed = new Set<string>();
  readonly #query = new Uint8Array(MAX_NAME_BYTES);

  /**
   * The names of a list, which is indexed when the first is asked for. Then {@link has} throws what {@link open} would.
   *
   * @param list UTF-8, one name a line, as `trainer/corpus.ts` reads it. It must not change afterwards.
   */
  constructor(list: Uint8Array<ArrayBuffer>) {
    this.list = list;
  }

  /**
   * Indexes a list.
   *
   * @param list As the constructor's.
   * @param pause Called after every {@link SLICE_BYTES} bytes, to let others run. Default: no pauses, since a Worker may not wait
   * in its global scope.
   * @throws {TypeError} If a line is too long.
   */
  static async open(list: Uint8Array<ArrayBuffer>, pause?: () => Promise<void>): Promise<TrainingNames> {
    const names = new TrainingNames(list);
    for (const _slice of names.#index()) await pause?.();
    return names;
  }

  /** Whether a name, as the model's vocabulary normalises it, is in the list. */
  has(name: string): boolean {
    if (this.#table.length === 0) { for (const _slice of this.#index()); }
    const { read, written } = ENCODER.encodeInto(name, this.#query);
    if (read < name.length) return false; // longer than any line
    return this.#table[this.#find(this.#query, 0, written)] !== 0 || this.#composed.has(name);
  }

  /** Indexes the list, and yields after every slice. */
  *#index(): Generator<void> {
    let lines = 0;
    yield* eachLine(
      this.list,
      (start, end) => void (lines += maxByte(this.list, start, end) > SPACE ? 1 : 0),
    );
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(1.5 * lines + 1)));
    yield* eachLine(this.list, (start, end) => this.#add(start, end));
  }

  /** Adds a line. */
  #add(start: number, end: number): void {
    const max = maxByte(this.list, start, end);
    if (max <= SPACE) return; // blank
    if (max >= 0x80) {
      const text = DECODER.decode(this.list.subarray(start, end));
      if (text.trim() === "") return;
      if (text.length > MAX_NAME_UNITS) throw new TypeError("Cannot read the list: a line is too long");
      const name = text.normalize("NFC");
      if (name !== text) {
        this.#composed.add(name);
        return;
      }
    }
    this.#table[this.#find(this.list, start, end)] = start + 1;
  }

  /** The slot of a line: the one that holds it, or the free one where it belongs. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let slot = hash(bytes, start, end) & mask;
    while (this.#table[slot] !== 0 && !this.#isLine(this.#table[slot] - 1, bytes, start, end)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Whether the line that begins at `line` is made of these bytes. */
  #isLine(line: number, bytes: Uint8Array, start: number, end: number): boolean {
    for (let i = start; i < end; i++) {
      if (this.list[line + i - start] !== bytes[i]) return false;
    }
    return lineEnd(this.list, line) === line + end - start;
  }
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { ignoreBOM: true });

/** Visits the start and end offset of each line of a list, and yields after every {@link SLICE_BYTES} bytes. */
function* eachLine(list: Uint8Array, visit: (start: number, end: number) => void): Generator<void> {
  let start = BYTE_ORDER_MARK.every((byte, i) => list[i] === byte) ? BYTE_ORDER_MARK.length : 0;
  for (let due = SLICE_BYTES; start < list.length;) {
    const end = lineEnd(list, start);
    visit(start, end);
    start = end + (list[end] === CARRIAGE_RETURN ? 2 : 1);
    if (start < due) continue;
    yield;
    due = start + SLICE_BYTES;
  }
}

/** The end offset of a line: before LF or CRLF, or at the end of the list. */
function lineEnd(list: Uint8Array, start: number): number {
  let end = start; // not indexOf: lines are so short that the call costs more
  while (end < list.length && list[end] !== LINE_FEED) end++;
  return end < list.length && end > start && list[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
}

function maxByte(bytes: Uint8Array, start: number, end: number): number {
  let max = 0;
  for (let i = start; i < end; i++) if (bytes[i] > max) max = bytes[i];
  return max;
}

/** FNV-1a, its high bits folded into the low ones. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash ^ (hash >>> 15);
}
