import { exponential } from "../exponential.ts";

/** Up to this many tokens, insertion sort is faster. */
const MAX_INSERTED = 64;
/** Tolerance for the sum of a row's probabilities. Rounding in float32 stays below 1e-5. */
const MAX_SUM_ERROR = 1e-3;
/** The random numbers that a token is drawn by are less than this. */
export const CHANCES = 2 ** 32;

/** A row of log-probabilities as probabilities in descending order. It is reused from row to row. */
export class SortedDistribution {
  /** [size]: the probability of each token. */
  readonly probabilities: Float64Array;
  /** [size]: the tokens in descending order of probability; of equals, the smaller first. */
  readonly order: Uint16Array;
  /** The sum of the probabilities, which rounding keeps from being 1. */
  total = NaN;

  /** @param size The number of tokens. */
  constructor(size: number) {
    this.probabilities = new Float64Array(size);
    this.order = Uint16Array.from({ length: size }, (_, token) => token);
  }

  /**
   * Reads a row.
   *
   * @param logProbs An array whose `size` elements from `offset` on are the row's log-probabilities.
   * @throws {RangeError} If they are not a distribution: one is NaN or Infinity, or the probabilities do not add up to 1
   * within {@link MAX_SUM_ERROR}.
   */
  read(logProbs: Float32Array, offset: number): void {
    const { probabilities } = this;
    const size = probabilities.length;
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
    this.total = total;
    this.#sort();
  }

  /** Sorts the tokens, starting from the order of the previous row, which is usually similar. */
  #sort(): void {
    const { probabilities, order } = this;
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

/**
 * The largest random number, from 0 to 2^32 - 1, that draws a token.
 *
 * @param sum The probabilities of the token and of those before it.
 * @param total The probabilities of all.
 */
export function lastChance(sum: number, total: number): number {
  return Math.min(Math.max(Math.round((sum / total) * CHANCES) - 1, 0), CHANCES - 1);
}

/** Why some log-probabilities are not a distribution, as a clause. */
function describeBadRow(logProbs: Float32Array): string {
  const bad = logProbs.find((logProb) => Number.isNaN(logProb) || logProb === Infinity);
  if (bad !== undefined) return `one of its log-probabilities is ${bad}`;
  const total = logProbs.reduce((sum, logProb) => sum + Math.exp(logProb), 0);
  return `its probabilities add up to ${total.toPrecision(4)}, not to 1`;
}
