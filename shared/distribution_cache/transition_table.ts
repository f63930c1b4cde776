import { BOUNDARY } from "../vocabulary.ts";
import { UNKNOWN } from "./key_table.ts";
import { lastChance, SortedDistribution } from "./sorted_distribution.ts";
import type { Draft, Rows } from "./tree.ts";

/**
 * Words in a cell: the largest random number that draws it, its log-probability as float32, and its link. They are interleaved,
 * so that a draw reads adjacent memory.
 */
const CELL = 3;
const LOG_PROB = 1;
const LINK = 2;
/** Bits of a link that hold the token: enough for 1,024. The others hold the row that it leads to. */
const TOKEN_BITS = 10;
const TOKEN_MASK = 2 ** TOKEN_BITS - 1;
/** The row of a link that is not set. */
const NO_ROW = 2 ** (32 - TOKEN_BITS) - 1;

/**
 * The rows of a Markov chain: each has a cell for each token, with its probability and a link to the row that follows.
 *
 * A token is drawn by inverting the row's cumulative distribution. The cells of a row are in descending order of probability, so
 * that a draw reads few of them, mostly the same ones. Probabilities are exact to 2^-32; a token with probability 0 is never
 * drawn.
 *
 * A cell is a number, which is valid as long as its row.
 */
export class TransitionTable implements Rows {
  readonly #size: number;
  /** [room, size, CELL], and the same memory as float32. */
  #words: Uint32Array<ArrayBuffer>;
  #floats: Float32Array;
  /** The row that {@link set} writes. */
  readonly #sorted: SortedDistribution;
  /** What {@link drawTogether} has read ahead: without a use, the compiler would leave the reading out. */
  readAhead = 0;

  /**
   * @param size Tokens in a row, at most 1,024.
   * @param room Capacity in rows.
   */
  constructor(size: number, room: number) {
    this.#size = size;
    this.#words = new Uint32Array(room * size * CELL);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#sorted = new SortedDistribution(size);
  }

  /** Bytes of a row. */
  static bytesPerRow(size: number): number {
    return 4 * CELL * size;
  }

  /** The capacity in rows. */
  get room(): number {
    return this.#words.length / (this.#size * CELL);
  }

  /** Increases the capacity. */
  grow(room: number): void {
    const words = this.#words;
    this.#words = new Uint32Array(room * this.#size * CELL);
    this.#words.set(words);
    this.#floats = new Float32Array(this.#words.buffer);
  }

  /**
   * Writes a row without links.
   *
   * @param logProbs An array whose `size` elements from `offset` on are the row's log-probabilities.
   * @throws {RangeError} If they are not a distribution, see {@link SortedDistribution.read}. Nothing is written then.
   */
  set(row: number, logProbs: Float32Array, offset: number): void {
    this.#sorted.read(logProbs, offset);
    const size = this.#size;
    const { probabilities, order, total } = this.#sorted;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const token = order[i];
      sum += probabilities[token];
      const cell = (row * size + i) * CELL;
      this.#words[cell] = lastChance(sum, total);
      this.#floats[cell + LOG_PROB] = logProbs[offset + token];
      this.#words[cell + LINK] = (NO_ROW << TOKEN_BITS) | token;
    }
  }

  /**
   * Draws a cell from a row.
   *
   * @param random Gives random integers from 0 to 2^32 - 1.
   */
  draw(row: number, random: { next(): number }): number {
    const chance = random.next();
    let cell = row * this.#size;
    while (chance > this.#words[cell * CELL]) cell++;
    return cell;
  }

  // A token for each draft in turn. Between requests, other code takes the rows out of the processor's cache; it loads those of
  // different drafts side by side, but that of the next token only when this one is drawn.
  drawTogether(drafts: readonly Draft[], maxLength: number): void {
    const words = this.#words;
    const floats = this.#floats;
    const rowWords = this.#size * CELL;
    const walking = drafts.slice();
    for (let count = walking.length; count > 0;) {
      let read = 0;
      for (let i = 0; i < count; i++) read ^= words[walking[i].row * rowWords];
      this.readAhead = read;
      let left = 0;
      for (let i = 0; i < count; i++) {
        const draft = walking[i];
        const chance = draft.stream.next();
        let word = draft.row * rowWords;
        while (chance > words[word]) word += CELL;
        draft.logLikelihood += floats[word + LOG_PROB];
        const link = words[word + LINK];
        const token = link & TOKEN_MASK;
        if (token === BOUNDARY) {
          draft.complete = true;
          continue;
        }
        draft.tokens[draft.length++] = token;
        draft.cell = word / CELL;
        draft.row = link >>> TOKEN_BITS;
        if (draft.row !== NO_ROW && draft.length < maxLength) walking[left++] = draft;
      }
      count = left;
    }
  }

  row(cell: number): number {
    return Math.floor(cell / this.#size);
  }

  /** The cell of a token in a row. */
  cell(row: number, token: number): number {
    let cell = row * this.#size;
    while ((this.#words[cell * CELL + LINK] & TOKEN_MASK) !== token) cell++;
    return cell;
  }

  /** The token of a cell. */
  token(cell: number): number {
    return this.#words[cell * CELL + LINK] & TOKEN_MASK;
  }

  /** The log-probability of a cell. */
  logProb(cell: number): number {
    return this.#floats[cell * CELL + LOG_PROB];
  }

  /** The row that a cell links to, or {@link UNKNOWN}. */
  next(cell: number): number {
    const row = this.#words[cell * CELL + LINK] >>> TOKEN_BITS;
    return row === NO_ROW ? UNKNOWN : row;
  }

  /** Links a cell to a row; {@link UNKNOWN} removes the link. */
  link(cell: number, row: number): void {
    this.#words[cell * CELL + LINK] = (row << TOKEN_BITS) | this.token(cell);
  }

  /** The log-probabilities of a row, [size]. */
  logProbs(row: number): Float32Array {
    const logProbs = new Float32Array(this.#size);
    this.copyLogProbs(row, logProbs, 0);
    return logProbs;
  }

  /** Copies the log-probabilities of a row to an array, [size] from `offset` on. */
  copyLogProbs(row: number, target: Float32Array, offset: number): void {
    for (let cell = row * this.#size; cell < (row + 1) * this.#size; cell++) {
      target[offset + this.token(cell)] = this.logProb(cell);
    }
  }
}
