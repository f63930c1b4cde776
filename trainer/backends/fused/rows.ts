import { BOUNDARY } from "../../../shared/vocabulary.ts";
import { type Batch, IGNORED } from "../../examples.ts";

/** Rows of the blocks that `kernel/matrix.ts` multiplies. */
const BLOCK_ROWS = 4;

/** Rows of a mini-batch, rounded up to whole blocks. */
export function paddedRows(batch: number): number {
  return Math.ceil(batch / BLOCK_ROWS) * BLOCK_ROWS;
}

/**
 * The order in which the positions of whole words are the rows of activations. Positions after a word's end have no row:
 * of the [batch, time] tokens that names are padded to, a third are such.
 *
 * - "by word": the rows of a word one after the other, as attention reads them.
 * - "by time": the rows of the first positions, then those of the second, and so on; the longest word first. A step of a
 *   recurrent network works on one block of rows, and its words are the first ones of the block before. Blocks are
 *   rounded up to the four rows that products of matrices take at a time; what is added has no target.
 */
export type RowOrder = "by word" | "by time";

/** A mini-batch of words, with a row for each position. */
export interface WordRows {
  /** [rows]: the token at each position. */
  tokens: Int32Array;
  /** [rows]: the token after it, or {@link IGNORED}. */
  targets: Int32Array;
  /** [rows]: the position in its word, from 0. */
  positions: Int32Array;
  /** [rows]: its place in [batch, time]. */
  numbers: Int32Array;
  /** [groups + 1]: the first row of each word or of each time, and the number of rows. */
  groups: Int32Array;
}

/** The rows of a batch of words, [count, time]. A word ends with its last target. */
export function wordRows({ tokens, targets, count }: Batch, order: RowOrder): WordRows {
  const time = tokens.length / count;
  const lengths = Array.from({ length: count }, (_, word) => lengthOf(targets, word * time, time));
  return order === "by word"
    ? rowsByWord(tokens, targets, time, lengths)
    : rowsByTime(tokens, targets, time, lengths);
}

function lengthOf(targets: Int32Array, begin: number, time: number): number {
  let length = time;
  while (length > 0 && targets[begin + length - 1] === IGNORED) length--;
  return length;
}

function rowsByWord(tokens: Int32Array, targets: Int32Array, time: number, lengths: number[]): WordRows {
  const rows = emptyRows(lengths.reduce((sum, length) => sum + length, 0), lengths.length);
  let row = 0;
  lengths.forEach((length, word) => {
    rows.groups[word] = row;
    for (let position = 0; position < length; position++, row++) {
      rows.tokens[row] = tokens[word * time + position];
      rows.targets[row] = targets[word * time + position];
      rows.positions[row] = position;
      rows.numbers[row] = word * time + position;
    }
  });
  rows.groups[lengths.length] = row;
  return rows;
}

function rowsByTime(tokens: Int32Array, targets: Int32Array, time: number, lengths: number[]): WordRows {
  const words = Array.from(lengths.keys()).sort((a, b) => lengths[b] - lengths[a]);
  const times = lengths[words[0]] ?? 0;
  const counts = Array.from({ length: times }, () => 0);
  for (const length of lengths) for (let position = 0; position < length; position++) counts[position]++;
  const rows = emptyRows(counts.reduce((sum, count) => sum + paddedRows(count), 0), times);
  let row = 0;
  counts.forEach((count, position) => {
    rows.groups[position] = row;
    for (let i = 0; i < count; i++) {
      rows.tokens[row + i] = tokens[words[i] * time + position];
      rows.targets[row + i] = targets[words[i] * time + position];
      rows.numbers[row + i] = words[i] * time + position;
    }
    rows.positions.fill(position, row, row + paddedRows(count));
    row += paddedRows(count);
  });
  rows.groups[times] = row;
  return rows;
}

function emptyRows(rows: number, groups: number): WordRows {
  return {
    tokens: new Int32Array(rows).fill(BOUNDARY),
    targets: new Int32Array(rows).fill(IGNORED),
    positions: new Int32Array(rows),
    numbers: new Int32Array(rows),
    groups: new Int32Array(groups + 1),
  };
}
