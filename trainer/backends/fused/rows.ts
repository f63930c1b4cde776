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
 * - "by time": the rows of the first positions, then those of the second, and so on. A step of a recurrent network works
 *   on one block of rows. Blocks are rounded up to the four rows that products of matrices take at a time; what is added
 *   has no target.
 */
export type RowOrder = "by word" | "by time";

/**
 * A mini-batch of words, with a row for each position. Words that begin alike share the rows of what they have in common:
 * a network that sees what came before computes the same there. Of 128 names that leaves two thirds of the rows.
 */
export interface WordRows {
  /** [rows]: the token at each position. */
  tokens: Int32Array;
  /** [rows]: the position in its word, from 0. */
  positions: Int32Array;
  /** [rows]: the place in [count, time] that it stands for; the first one, if several share it. */
  numbers: Int32Array;
  /** [rows]: the row of the position before; 0 at the first position. */
  parents: Int32Array;
  /**
   * [groups + 1]: the first row of each word or of each time, and the number of rows. By word, the rows of a group are those
   * that the word does not share with the words before: it begins like the word before up to the position of the first.
   */
  groups: Int32Array;
  /** [targets]: the tokens that follow, in the order of their rows. */
  targets: Int32Array;
  /** [rows + 1]: the first target of each row, and the number of targets. */
  firstTargets: Int32Array;
}

/**
 * The rows of a batch of words, [count, time]. A word ends with its last target.
 *
 * @param shares Whether words that begin alike share rows. In a network with dropout they do not compute the same.
 */
export function wordRows({ tokens, targets, count }: Batch, order: RowOrder, shares = true): WordRows {
  const { places, nodeOf } = beginnings({ tokens, targets, count }, shares);
  const time = tokens.length / count;
  const { rowOf, groups } = order === "by word" ? rowsByWord(places, time) : rowsByTime(places, time);
  const rows = {
    tokens: new Int32Array(groups[groups.length - 1]).fill(BOUNDARY),
    positions: new Int32Array(groups[groups.length - 1]),
    numbers: new Int32Array(groups[groups.length - 1]),
    parents: new Int32Array(groups[groups.length - 1]),
    groups: Int32Array.from(groups),
  };
  places.forEach((place, node) => {
    const row = rowOf[node];
    rows.tokens[row] = tokens[place];
    rows.positions[row] = place % time;
    rows.numbers[row] = place;
    if (place % time > 0) rows.parents[row] = rowOf[nodeOf[place - 1]];
  });
  return { ...rows, ...targetsByRow(targets, rows.tokens.length, (place) => rowOf[nodeOf[place]]) };
}

/**
 * The different beginnings of words, from one token to all of them; each word's follow each other.
 *
 * @returns `places`: where in [count, time] each one ends first. `nodeOf`, [count * time]: which one ends at each place.
 */
function beginnings(
  { tokens, targets, count }: Batch,
  shares: boolean,
): { places: number[]; nodeOf: Int32Array } {
  const time = tokens.length / count;
  const lengths = Array.from({ length: count }, (_, word) => lengthOf(targets, word * time, time));
  /** How many tokens two words begin with alike. */
  const common = (a: number, b: number) => {
    const end = Math.min(lengths[a], lengths[b]);
    let position = 0;
    while (position < end && tokens[a * time + position] === tokens[b * time + position]) position++;
    return position;
  };
  const words = Array.from(lengths.keys());
  if (shares) {
    // In lexicographic order, what a word shares with any word before it, it shares with the last one.
    words.sort((a, b) => {
      const position = common(a, b);
      if (position === lengths[a] || position === lengths[b]) return lengths[a] - lengths[b];
      return tokens[a * time + position] - tokens[b * time + position];
    });
  }
  const places: number[] = [];
  const nodeOf = new Int32Array(tokens.length);
  words.forEach((word, i) => {
    const begin = word * time;
    const shared = shares && i > 0 ? common(words[i - 1], word) : 0;
    for (let position = 0; position < shared; position++) {
      nodeOf[begin + position] = nodeOf[words[i - 1] * time + position];
    }
    for (let position = shared; position < lengths[word]; position++) {
      nodeOf[begin + position] = places.push(begin + position) - 1;
    }
  });
  return { places, nodeOf };
}

function lengthOf(targets: Int32Array, begin: number, time: number): number {
  let length = time;
  while (length > 0 && targets[begin + length - 1] === IGNORED) length--;
  return length;
}

/** The row of each beginning, and the first row of each group. */
interface Arrangement {
  rowOf: number[];
  groups: number[];
}

function rowsByWord(places: readonly number[], time: number): Arrangement {
  const groups: number[] = [];
  places.forEach((place, row) => {
    const isOfWordBefore = row > 0 && place === places[row - 1] + 1 && place % time > 0;
    if (!isOfWordBefore) groups.push(row);
  });
  return { rowOf: [...places.keys()], groups: [...groups, places.length] };
}

function rowsByTime(places: readonly number[], time: number): Arrangement {
  const counts: number[] = [];
  for (const place of places) counts[place % time] = (counts[place % time] ?? 0) + 1;
  const groups = [0];
  counts.forEach((count, position) => groups.push(groups[position] + paddedRows(count)));
  const next = [...groups];
  return { rowOf: places.map((place) => next[place % time]++), groups };
}

function targetsByRow(
  targets: Int32Array,
  rows: number,
  rowOf: (place: number) => number,
): Pick<WordRows, "targets" | "firstTargets"> {
  const firstTargets = new Int32Array(rows + 1);
  targets.forEach((target, place) => {
    if (target !== IGNORED) firstTargets[rowOf(place) + 1]++;
  });
  for (let row = 0; row < rows; row++) firstTargets[row + 1] += firstTargets[row];
  const next = firstTargets.slice();
  const byRow = new Int32Array(firstTargets[rows]);
  targets.forEach((target, place) => {
    if (target !== IGNORED) byRow[next[rowOf(place)]++] = target;
  });
  return { targets: byRow, firstTargets };
}
