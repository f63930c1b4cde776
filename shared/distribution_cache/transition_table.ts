import { exponential } from "../exponential.ts";
import { UNKNOWN } from "./key_table.ts";

/**
 * Words of a cell: the largest random number that draws it, its log-probability as float32, and where it leads to.
 * Interleaved, so that a draw touches adjacent memory.
 */
const CELL = 3;
const LOG_PROB = 1;
const STEP = 2;
/** Bits of a step that hold the token: enough for 1,024. The rest holds the row that it leads to. */
const TOKEN_BITS = 10;
const TOKEN_MASK = 2 ** TOKEN_BITS - 1;
/** Most tokens that are sorted by insertion, which is fast while they are few. */
const MAX_INSERTED = 64;
/** How far the probabilities of a row may add up to something else than 1: float32 arithmetic stays below 1e-5. */
const MAX_SUM_ERROR = 1e-3;
/** Steps that lead to no row that is known. */
const NO_ROW = 2 ** (32 - TOKEN_BITS) - 1;

/**
 * Rows of a Markov chain: a cell for each token, with how likely it is and which row it leads to.
 *
 * A token is drawn by inverting the row's cumulative distribution. The cells of a row stand in the order of falling
 * probability, so a draw looks at few of them, and at memory that the next draw from that row will look at again. Chances are
 * exact to 2^-32; what has probability 0 is never drawn.
 *
 * Cells are known by numbers, good as long as their rows.
 */
export class TransitionTable {
  readonly #size: number;
  /** [room, size, CELL], and the same memory as float32. */
  #words: Uint32Array<ArrayBuffer>;
  #floats: Float32Array;
  /** [size]: the probabilities of the row that is written. */
  readonly #probabilities: Float64Array;
  /** [size]: its tokens in the order of falling probability. */
  readonly #order: Uint16Array;

  /**
   * @param size How many tokens a row has, at most 1,024.
   * @param room How many rows there is room for.
   */
  constructor(size: number, room: number) {
    this.#size = size;
    this.#words = new Uint32Array(room * size * CELL);
    this.#floats = new Float32Array(this.#words.buffer);
    this.#probabilities = new Float64Array(size);
    this.#order = Uint16Array.from({ length: size }, (_, token) => token);
  }

  /** What a row takes. */
  static bytesPerRow(size: number): number {
    return 4 * CELL * size;
  }

  /** How many rows there is room for. */
  get room(): number {
    return this.#words.length / (this.#size * CELL);
  }

  /** Makes room for more rows. */
  grow(room: number): void {
    const words = this.#words;
    this.#words = new Uint32Array(room * this.#size * CELL);
    this.#words.set(words);
    this.#floats = new Float32Array(this.#words.buffer);
  }

  /**
   * Writes a row; where its tokens lead to is not known.
   *
   * @param logProbs An array whose `size` elements from `offset` on are the row's log-probabilities.
   * @throws {RangeError} If they are not those of a distribution: one is NaN or Infinity, or the probabilities do not add
   * up to 1 within {@link MAX_SUM_ERROR}. Nothing is written then.
   */
  set(row: number, logProbs: Float32Array, offset: number): void {
    const size = this.#size;
    const probabilities = this.#probabilities;
    let total = 0;
    let logProbTotal = 0; // NaN if one of them is: `exponential` makes 0 of NaN
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
      this.#words[cell + STEP] = (NO_ROW << TOKEN_BITS) | token;
    }
  }

  /**
   * Draws a cell from a row.
   *
   * @param chances Gives a random whole number from 0 to 2^32 - 1.
   */
  draw(row: number, chances: { next(): number }): number {
    const chance = chances.next();
    let cell = row * this.#size;
    while (chance > this.#words[cell * CELL]) cell++;
    return cell;
  }

  /** The cell of a token in a row. */
  cell(row: number, token: number): number {
    let cell = row * this.#size;
    while ((this.#words[cell * CELL + STEP] & TOKEN_MASK) !== token) cell++;
    return cell;
  }

  /** The token of a cell. */
  token(cell: number): number {
    return this.#words[cell * CELL + STEP] & TOKEN_MASK;
  }

  /** The log-probability of a cell. */
  logProb(cell: number): number {
    return this.#floats[cell * CELL + LOG_PROB];
  }

  /** The row that a cell leads to, {@link UNKNOWN} until it is linked. */
  next(cell: number): number {
    const row = this.#words[cell * CELL + STEP] >>> TOKEN_BITS;
    return row === NO_ROW ? UNKNOWN : row;
  }

  /** Notes which row a cell leads to; {@link UNKNOWN} notes that none is known. */
  link(cell: number, row: number): void {
    this.#words[cell * CELL + STEP] = (row << TOKEN_BITS) | this.token(cell);
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

  /** Puts the tokens in order: it begins with the order of the row before, which is mostly much the same. */
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

/** Why some log-probabilities are not those of a distribution. */
function describeBadRow(logProbs: Float32Array): string {
  const bad = logProbs.find((logProb) => Number.isNaN(logProb) || logProb === Infinity);
  if (bad !== undefined) return `one of its log-probabilities is ${bad}`;
  const total = logProbs.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  return `its probabilities add up to ${total.toPrecision(4)}, not to 1`;
}
