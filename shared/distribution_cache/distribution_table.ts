import { exponential } from "../exponential.ts";
import { UNKNOWN } from "./key_table.ts";
import { CHANCES, SortedDistribution } from "./sorted_distribution.ts";
import type { Rows } from "./tree.ts";

/** Up to this many tokens, a token takes one byte. */
const MAX_BYTE_TOKENS = 256;

/**
 * Distributions in as little memory as their exact bits need: half of what a `TransitionTable` takes, which also has the random
 * numbers that draw each token, and links to other rows. A draw computes those numbers again, to the last bit, for the few
 * likeliest tokens that it looks at.
 *
 * A cell is a number, which is valid as long as its row.
 */
export class DistributionTable implements Rows {
  readonly #size: number;
  /** [room, size]: in descending order of probability. */
  #logProbs: Float32Array;
  /** [room, size]: the tokens in that order. */
  #tokens: Uint8Array | Uint16Array;
  /** [room]: the sum of the probabilities, as {@link SortedDistribution.total}. */
  #totals: Float64Array;
  /** The row that {@link set} writes. */
  readonly #sorted: SortedDistribution;

  /**
   * @param size Tokens in a row.
   * @param room Capacity in rows.
   */
  constructor(size: number, room: number) {
    this.#size = size;
    this.#logProbs = new Float32Array(room * size);
    this.#tokens = tokenArray(room * size, size);
    this.#totals = new Float64Array(room);
    this.#sorted = new SortedDistribution(size);
  }

  /** Bytes of a row. */
  static bytesPerRow(size: number): number {
    return size * (Float32Array.BYTES_PER_ELEMENT + (size <= MAX_BYTE_TOKENS ? 1 : 2)) + 8;
  }

  /** The capacity in rows. */
  get room(): number {
    return this.#totals.length;
  }

  /** Increases the capacity. */
  grow(room: number): void {
    const [logProbs, tokens, totals] = [this.#logProbs, this.#tokens, this.#totals];
    this.#logProbs = new Float32Array(room * this.#size);
    this.#logProbs.set(logProbs);
    this.#tokens = tokenArray(room * this.#size, this.#size);
    this.#tokens.set(tokens);
    this.#totals = new Float64Array(room);
    this.#totals.set(totals);
  }

  /**
   * Writes a row.
   *
   * @param logProbs An array whose `size` elements from `offset` on are the row's log-probabilities.
   * @throws {RangeError} If they are not a distribution, see {@link SortedDistribution.read}. Nothing is written then.
   */
  set(row: number, logProbs: Float32Array, offset: number): void {
    this.#sorted.read(logProbs, offset);
    const { order, total } = this.#sorted;
    const start = row * this.#size;
    for (let i = 0; i < this.#size; i++) {
      const token = order[i];
      this.#tokens[start + i] = token;
      this.#logProbs[start + i] = logProbs[offset + token];
    }
    this.#totals[row] = total;
  }

  draw(row: number, random: { next(): number }): number {
    // Greater than `sum / total` where the random number is greater than `lastChance(sum, total)`, which would have to be rounded.
    const share = (random.next() + 0.5) / CHANCES;
    const total = this.#totals[row];
    let cell = row * this.#size;
    let sum = exponential(this.#logProbs[cell]);
    while (sum / total < share) sum += exponential(this.#logProbs[++cell]);
    return cell;
  }

  row(cell: number): number {
    return Math.floor(cell / this.#size);
  }

  cell(row: number, token: number): number {
    let cell = row * this.#size;
    while (this.#tokens[cell] !== token) cell++;
    return cell;
  }

  token(cell: number): number {
    return this.#tokens[cell];
  }

  logProb(cell: number): number {
    return this.#logProbs[cell];
  }

  /** Cells have no links. */
  next(): number {
    return UNKNOWN;
  }

  link(): void {}

  logProbs(row: number): Float32Array {
    const logProbs = new Float32Array(this.#size);
    for (let cell = row * this.#size; cell < (row + 1) * this.#size; cell++) {
      logProbs[this.#tokens[cell]] = this.#logProbs[cell];
    }
    return logProbs;
  }
}

function tokenArray(length: number, size: number): Uint8Array | Uint16Array {
  return size <= MAX_BYTE_TOKENS ? new Uint8Array(length) : new Uint16Array(length);
}
