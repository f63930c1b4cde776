import { exponential } from "../exponential.ts";
import { UNKNOWN } from "./key_table.ts";

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
/** Up to this many tokens, insertion sort is faster. */
const MAX_INSERTED = 64;
/** Tolerance for the sum of a row's probabilities. Rounding in float32 stays below 1e-5. */
const MAX_SUM_ERROR = 1e-3;
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
export class TransitionTable {
  readonly #size: number;
  /** [room, size, CELL], and the same memory as float32. */
  #words: Uint32Array<ArrayBuffer>;
  #floats: Float32Array;
  /** [size]: the probabilities of the row that {@link set} writes. */
  readonly #probabilities: Float64Array;
  /** [size]: its tokens in descending order of probability. */
  readonly #order: Uint16Array;

  /**
   * @param size Tokens in a row, at most 1,024.
   * @param room Capacity in rows.
   */
  constructor(size: number, room: number) {
    this.#size = size;
    this.#words = new Uint32Array(room * size * CELL);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#probabilities = new Float64Array(size);
    this.#order = Uint16Array.from({ length: size }, (_, token) => token);
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
   * @throws {RangeError} If they are not a distribution: one is NaN or Infinity, or the probabilities do not add up to 1
   * within {@link MAX_SUM_ERROR}. Nothing is written then.
   */
  set(row: number, logProbs: Float32Array, offset: number): void {
    const size = this.#size;
    const probabilities = this.#probabilities;
    let total = 0;
    let logProbTotal = 0; // NaN if one of them is; `exponential` would turn NaN into 0
    for (let token = 0; token < size; token++) {
      const logProb = logProbs[offset + token];
      logProbTotal += logProb;
      total += probabilities[token] = exponential(logProb);
    }
    if (!(Math.abs(total - 1) <= MAX_SUM_ERROR) || Number.isNaN(logProbTotal)) {
      throw new RangeError(describeBadRow(logProbs.subarray(offset, offset + size)));
    }
    this.#sort();
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const token = this.#order[i];
      sum += probabilities[token];
      const last = Math.round((sum / total) * 2 ** 32) - 1;
      const cell = (row * size + i) * CELL;
      this.#words[cell] = Math.min(Math.max(last, 0), 2 ** 32 - 1);
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

  /** Sorts the tokens, starting from the order of the previous row, which is usually similar. */
  #sort(): void {
    const probabilities = this.#probabilities;
    const order = this.#order;
    if (order.length > MAX_INSERTED) {
      order.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
      return;
    }
    for (let i = 1; i < order.length; i++) {
      const token = order[i];
      const probability = probabilities[token];
      let place = i;
      for (; place > 0; place--) {
        const other = order[place - 1];
        if (probabilities[other] > probability) break;
        if (probabilities[other] === probability && other < token) break;
        order[place] = other;
      }
      order[place] = token;
    }
  }
}

/** Why some log-probabilities are not a distribution, as a clause. */
function describeBadRow(logProbs: Float32Array): string {
  const bad = logProbs.find((logProb) => Number.isNaN(logProb) || logProb === Infinity);
  if (bad !== undefined) return `one of its log-probabilities is ${bad}`;
  const total = logProbs.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  return `its probabilities add up to ${total.toPrecision(4)}, not to 1`;
}
