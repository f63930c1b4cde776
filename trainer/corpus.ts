import { PythonRandom } from "../shared/random/python.ts";
import { sha256 } from "../shared/sha256.ts";
import { LIST_TOO_LARGE, MAX_LIST_BYTES } from "../shared/training_names.ts";
import { MAX_CHARACTERS, Vocabulary } from "../shared/vocabulary.ts";
import type { Split } from "./splits.ts";

/** Maximum length of a line, in characters: code points in normalization form C. */
export const MAX_LINE_LENGTH = 256;
/**
 * Maximum length of a line before normalization, in UTF-16 units; normalization takes time quadratic in a run of combining marks. A character in
 * form C is composed of at most 4 code points (UAX #15, table 4), each at most 2 units, so a longer line cannot be valid.
 */
const MAX_LINE_UNITS = 8 * MAX_LINE_LENGTH;
/** Minimum number of different lines: each of the splits needs one. */
export const MIN_LINES = 10;
/** Seed of the shuffle before the split, as in the notebooks. */
export const SPLIT_SEED = 42;
/** Control characters other than the tab: a file that has one is not text. */
// deno-lint-ignore no-control-regex -- it looks for control characters
const BINARY = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** A list of things, one a line. */
export interface List {
  /** Its file name. */
  name: string;
  /** Its lines in normalization form C, without blank ones. */
  lines: string[];
  /** Its file. */
  bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of its bytes, in hexadecimal digits. */
  sha256: string;
}

/** A list as training data. */
export interface Corpus {
  list: List;
  vocabulary: Vocabulary;
  /** The tokens of each line, shuffled and split 80/10/10. */
  words: Record<Split, number[][]>;
}

/**
 * Reads the bytes of a list: UTF-8, one thing a line. Blank lines are dropped, and line ends may be CRLF.
 *
 * @param name The name of the list's file.
 * @param source What an error calls the list. Default: its name.
 * @throws {Error} If it is too large, is empty, has too few different lines, is not UTF-8 text, or has a line that is too long. The
 * message says which, and where.
 */
export async function parseList(bytes: Uint8Array<ArrayBuffer>, name: string, source = name): Promise<List> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot read the list ${source}: ${reason}`);
  };
  if (bytes.length === 0) fail("it is empty");
  if (bytes.length > MAX_LIST_BYTES) fail(LIST_TOO_LARGE);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail(
      isUtf16(bytes)
        ? "it is UTF-16 text; save it with the encoding UTF-8"
        : `it is not UTF-8 text (${firstBrokenLine(bytes)})`,
    );
  }
  const lines: string[] = [];
  text.split(/\r?\n/).forEach((line, i) => {
    const control = BINARY.exec(line);
    if (control) {
      const code = control[0].charCodeAt(0).toString(16).padStart(2, "0");
      fail(`it is binary, not text (byte 0x${code} in line ${i + 1}, column ${control.index + 1})`);
    }
    if (line.trim() === "") return;
    try {
      lines.push(composeLine(line));
    } catch (error) {
      fail(`line ${i + 1} ${(error as Error).message}`);
    }
  });
  if (lines.length === 0) fail("it has only blank lines");
  const different = countDifferent(lines, MIN_LINES);
  if (different < MIN_LINES) {
    const counted = `${lines.length} line${lines.length === 1 ? "" : "s"}`;
    const repeated = different < lines.length ? `, ${different} of them different` : "";
    fail(
      `it has ${counted}${repeated}, and ${MIN_LINES} is the fewest that can be split into train, dev and test`,
    );
  }
  return { name, lines, bytes, sha256: await sha256(bytes) };
}

/**
 * Normalizes a line to form C.
 *
 * @throws {RangeError} If it has more than {@link MAX_LINE_LENGTH} characters; the message is the end of a sentence about the line.
 */
export function composeLine(line: string): string {
  if (line.length > MAX_LINE_UNITS) {
    throw new RangeError(`has ${line.length} UTF-16 units, more than ${MAX_LINE_LENGTH} characters can take`);
  }
  const composed = line.normalize("NFC");
  const length = Array.from(composed).length;
  if (length > MAX_LINE_LENGTH) {
    throw new RangeError(`has ${length} characters, the most is ${MAX_LINE_LENGTH}`);
  }
  return composed;
}

/**
 * Makes a list's vocabulary, encodes its lines as tokens, shuffles them with Python's generator seeded
 * {@link SPLIT_SEED}, and splits them 80/10/10, as the notebooks do.
 *
 * @throws {RangeError} If it has more different characters than a vocabulary may have.
 */
export function makeCorpus(list: List): Corpus {
  const vocabulary = vocabularyOf(list);
  const words = list.lines.map((line) => vocabulary.encode(line));
  new PythonRandom(SPLIT_SEED).shuffle(words);
  const trainEnd = Math.floor(0.8 * words.length);
  const devEnd = Math.floor(0.9 * words.length);
  return {
    list,
    vocabulary,
    words: {
      train: words.slice(0, trainEnd),
      dev: words.slice(trainEnd, devEnd),
      test: words.slice(devEnd),
    },
  };
}

function vocabularyOf({ name, lines }: List): Vocabulary {
  try {
    return Vocabulary.of(lines);
  } catch {
    const different = new Set(lines.join("")).size;
    throw new RangeError(
      `Cannot read the list ${name}: it has ${different} different characters, the most is ${MAX_CHARACTERS}`,
    );
  }
}

/** How many different lines there are, counted up to a number. */
function countDifferent(lines: readonly string[], enough: number): number {
  const different = new Set<string>();
  for (const line of lines) {
    if (different.size === enough) break;
    different.add(line);
  }
  return different.size;
}

/** Whether bytes begin with the byte order mark of UTF-16, in either order. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The first line that is not UTF-8, in words. */
function firstBrokenLine(bytes: Uint8Array): string {
  const lineFeed = 10;
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(lineFeed, start) + 1 || bytes.length;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch {
      break;
    }
    start = end;
  }
  return `line ${line}`;
}
