import { MersenneTwister, type MersenneTwisterState } from "./mersenne_twister.ts";

/** PyTorch fills a normal tensor of at least this many values in blocks of this size, a smaller one value by value. */
const NORMAL_BLOCK = 16;
/** Newer versions of PyTorch draw `randint` values above this limit from 64 random bits, which is not implemented. */
const RANDINT_LIMIT = 2 ** 28;

/** The state of a {@link TorchGenerator}, from which another one continues the same sequence. */
export interface TorchGeneratorState {
  twister: MersenneTwisterState;
  /** The second value of the last Box-Muller pair, or null if it was used. */
  spareNormal: number | null;
}

/**
 * PyTorch's CPU generator: the same calls in the same order give the numbers that `rand`, `randn`, `randint` and
 * `multinomial` give in PyTorch with `generator=torch.Generator().manual_seed(seed)`.
 *
 * All numbers are exact, except that one value in six of `randn` differs in its last bit, because PyTorch's
 * vectorised logarithm and cosine are approximations.
 *
 * Source: PyTorch's `aten/src/ATen/core/DistributionsHelper.h` and `native/cpu/DistributionTemplates.h`.
 *
 * @example
 * ```ts
 * import { TorchGenerator } from "./torch.ts";
 *
 * new TorchGenerator(2147483647).rand(3); // [0.7081, 0.3542, 0.1054], as makemore's bigram notebook prints
 * ```
 */
export class TorchGenerator {
  #twister: MersenneTwister;
  #spareNormal: number | null = null;

  /**
   * @param seed An integer, as for `manual_seed`; the generator uses its low 32 bits.
   * @throws {RangeError} If the seed is not a safe integer.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(
        `Cannot seed a generator: the seed must be an integer of at most 53 bits, got ${seed}`,
      );
    }
    this.#twister = MersenneTwister.fromSeed(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** Continues from a {@link state}. */
  static fromState(state: TorchGeneratorState): TorchGenerator {
    const generator = new TorchGenerator(0);
    generator.#twister = MersenneTwister.fromState(state.twister);
    generator.#spareNormal = state.spareNormal;
    return generator;
  }

  /** A copy of the current state; see {@link fromState}. */
  state(): TorchGeneratorState {
    return { twister: this.#twister.state(), spareNormal: this.#spareNormal };
  }

  /** The next float32 in [0, 1), from 24 random bits. */
  uniform(): number {
    return (this.#twister.next() & 0xffffff) * 2 ** -24;
  }

  /** The next float64 in [0, 1), from 53 random bits of two draws. */
  uniformDouble(): number {
    const high = this.#twister.next() & 0x1fffff;
    return (high * 2 ** 32 + this.#twister.next()) * 2 ** -53;
  }

  /** `torch.rand(n)`: n uniform float32 values. */
  rand(n: number): Float32Array<ArrayBuffer> {
    const values = new Float32Array(n);
    for (let i = 0; i < n; i++) values[i] = this.uniform();
    return values;
  }

  /**
   * `torch.randn(n)`: n standard normal float32 values, by the Box-Muller transform. For a tensor of several
   * dimensions, pass the product of its shape: the values are in row-major order.
   */
  randn(n: number): Float32Array<ArrayBuffer> {
    if (n < NORMAL_BLOCK) return Float32Array.from({ length: n }, () => this.#normal());
    const values = this.rand(n);
    for (let start = 0; start + NORMAL_BLOCK <= n; start += NORMAL_BLOCK) {
      boxMuller(values.subarray(start, start + NORMAL_BLOCK));
    }
    if (n % NORMAL_BLOCK !== 0) {
      const last = values.subarray(n - NORMAL_BLOCK);
      last.set(this.rand(NORMAL_BLOCK));
      boxMuller(last);
    }
    return values;
  }

  /**
   * `torch.randint(0, high, (n,))`: n integers from 0 to high - 1.
   *
   * @throws {RangeError} If `high` is not an integer from 1 to 2^28.
   */
  randint(high: number, n: number): Int32Array<ArrayBuffer> {
    if (!Number.isInteger(high) || high < 1 || high > RANDINT_LIMIT) {
      throw new RangeError(
        `Cannot draw integers: the upper limit must be from 1 to ${RANDINT_LIMIT}, got ${high}`,
      );
    }
    const values = new Int32Array(n);
    for (let i = 0; i < n; i++) values[i] = this.#twister.next() % high;
    return values;
  }

  /**
   * `torch.multinomial(probabilities, 1)`: draws an index in proportion to its weight, as the argmax of
   * p[i] / q[i], where the q[i] are drawn from an exponential distribution.
   *
   * @param probabilities Weights of at least 0, not all 0, rounded to float32; they need not sum to 1.
   */
  multinomial(probabilities: ArrayLike<number>): number {
    let best = 0;
    let bestRatio = -1;
    for (let i = 0; i < probabilities.length; i++) {
      const exponential = Math.fround(-Math.log1p(-this.uniformDouble()));
      const ratio = Math.fround(Math.fround(probabilities[i]) / exponential);
      if (ratio > bestRatio) {
        best = i;
        bestRatio = ratio;
      }
    }
    return best;
  }

  /**
   * `torch.multinomial(probabilities, n, replacement=True)`: draws n indices, each by a binary search in the
   * cumulative sums. For n = 1 it is {@link multinomial}, as in PyTorch.
   */
  multinomialWithReplacement(probabilities: ArrayLike<number>, n: number): Int32Array<ArrayBuffer> {
    if (n === 1) return Int32Array.of(this.multinomial(probabilities));
    const cumulative = new Float32Array(probabilities.length);
    let sum = 0;
    for (let i = 0; i < cumulative.length; i++) {
      sum = Math.fround(sum + Math.fround(probabilities[i]));
      cumulative[i] = sum;
    }
    for (let i = 0; i < cumulative.length; i++) cumulative[i] /= sum;
    cumulative[cumulative.length - 1] = 1;
    return Int32Array.from({ length: n }, () => firstAtLeast(cumulative, this.uniformDouble()));
  }

  /** One value of a small normal tensor, which PyTorch draws in float64 and in pairs. */
  #normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    const angle = 2 * Math.PI * this.uniformDouble();
    const radius = Math.sqrt(-2 * Math.log1p(-this.uniformDouble()));
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/**
 * Turns 16 uniform values into 16 normal ones, in place; value j is paired with value j + 8. Each intermediate
 * result is rounded to float32, as in PyTorch.
 */
function boxMuller(block: Float32Array): void {
  const { cos, fround, log, sin, sqrt } = Math;
  const half = NORMAL_BLOCK / 2;
  for (let j = 0; j < half; j++) {
    const radius = fround(sqrt(-2 * fround(log(1 - block[j]))));
    const angle = fround(fround(2 * Math.PI) * block[j + half]);
    block[j] = radius * fround(cos(angle));
    block[j + half] = radius * fround(sin(angle));
  }
}

/** The index of the first value that is at least `target`; the values are in ascending order. */
function firstAtLeast(ascending: Float32Array, target: number): number {
  let left = 0;
  let right = ascending.length;
  while (left < right) {
    const middle = (left + right) >>> 1;
    if (ascending[middle] < target) left = middle + 1;
    else right = middle;
  }
  return left;
}
