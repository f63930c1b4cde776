import { MersenneTwister, type MersenneTwisterState } from "./mersenne_twister.ts";

/** PyTorch fills a normal tensor in blocks of this many values, and smaller tensors one by one. */
const NORMAL_BLOCK = 16;
/** Above this, PyTorch's newer versions take `randint`'s values from 64 random bits. */
const RANDINT_LIMIT = 2 ** 28;

/** What a {@link TorchGenerator} needs to go on where it stopped. */
export interface TorchGeneratorState {
  twister: MersenneTwisterState;
  /** The second value of the last Box-Muller pair, if it has not been handed out. */
  spareNormal: number | null;
}

/**
 * The draws of PyTorch's CPU generator: with the same seed, in the same order, the same numbers as
 * `torch.Generator().manual_seed(seed)` gives to `rand`, `randn`, `randint` and `multinomial`.
 *
 * `randn` agrees but for the last bit of one value in six (PyTorch's vectorised logarithm and cosine are
 * approximations); everything else agrees exactly.
 *
 * Source: PyTorch's `aten/src/ATen/core/DistributionsHelper.h` and `native/cpu/DistributionTemplates.h`,
 * observed.
 *
 * @example
 * ```ts
 * import { TorchGenerator } from "./torch.ts";
 *
 * new TorchGenerator(2147483647).rand(3); // [0.7081, 0.3542, 0.1054], as bigram notebooks print
 * ```
 */
export class TorchGenerator {
  #twister: MersenneTwister;
  #spareNormal: number | null = null;

  /**
   * @param seed As for `manual_seed`: a whole number, of which the generator uses the low 32 bits.
   * @throws {RangeError} If the seed is not a safe integer.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(
        `Cannot seed a generator: the seed must be a whole number of at most 53 bits, got ${seed}`,
      );
    }
    this.#twister = MersenneTwister.fromSeed(Number(BigInt.asUintN(32, BigInt(seed))));
  }

  /** Goes on from a {@link state}. */
  static fromState(state: TorchGeneratorState): TorchGenerator {
    const generator = new TorchGenerator(0);
    generator.#twister = MersenneTwister.fromState(state.twister);
    generator.#spareNormal = state.spareNormal;
    return generator;
  }

  /** A copy of the state: a generator made from it goes on as this one does. */
  state(): TorchGeneratorState {
    return { twister: this.#twister.state(), spareNormal: this.#spareNormal };
  }

  /** One float32 from [0, 1): 24 random bits. */
  uniform(): number {
    return (this.#twister.next() & 0xffffff) * 2 ** -24;
  }

  /** One float64 from [0, 1): 53 random bits, of two draws. */
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
   * `torch.randn(n)`: n standard normal float32 values, by the Box-Muller transform. A shape's values are
   * row-major.
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
   * @throws {RangeError} If `high` is not a whole number from 1 to 2^28.
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
   * `torch.multinomial(probabilities, 1)`: an index, drawn in proportion to its weight as the fastest of
   * competing exponential clocks: argmax of p[i] / q[i] with q[i] exponential.
   *
   * @param probabilities Weights of at least 0, not all 0; they need not sum to 1. Taken as float32.
   */
  multinomial(probabilities: ArrayLike<number>): number {
    let best = 0;
    let bestRatio = -1;
    for (let i = 0; i < probabilities.length; i++) {
      const clock = Math.fround(-Math.log1p(-this.uniformDouble()));
      const ratio = Math.fround(Math.fround(probabilities[i]) / clock);
      if (ratio > bestRatio) {
        best = i;
        bestRatio = ratio;
      }
    }
    return best;
  }

  /**
   * `torch.multinomial(probabilities, n, replacement=True)` for n > 1: n indices, each found by a binary
   * search in the cumulative sums. With n = 1 PyTorch draws as {@link multinomial} does instead.
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

  /** One value of a small normal tensor: PyTorch draws these in float64, in pairs. */
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
 * Turns 16 uniform values into 16 normal ones in place; value j is paired with value j + 8. Every step is
 * rounded to float32, as PyTorch takes it.
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

/** Index of the first of some rising values that is not below `target`. */
function firstAtLeast(rising: Float32Array, target: number): number {
  let left = 0;
  let right = rising.length;
  while (left < right) {
    const middle = (left + right) >>> 1;
    if (rising[middle] < target) left = middle + 1;
    else right = middle;
  }
  return left;
}
