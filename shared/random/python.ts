import { MersenneTwister } from "./mersenne_twister.ts";

/**
 * The draws of Python's `random.Random(seed)` for a whole-number seed.
 *
 * Source: CPython's `Lib/random.py` and `Modules/_randommodule.c`, observed.
 *
 * @example
 * ```ts
 * import { PythonRandom } from "./python.ts";
 *
 * const words = ["emma", "olivia", "ava", "isabella"];
 * new PythonRandom(42).shuffle(words); // as random.seed(42); random.shuffle(words)
 * ```
 */
export class PythonRandom {
  readonly #twister: MersenneTwister;

  /**
   * @param seed A whole number; its sign is dropped, as Python does.
   * @throws {RangeError} If the seed is not a safe integer.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(
        `Cannot seed a generator: the seed must be a whole number of at most 53 bits, got ${seed}`,
      );
    }
    const magnitude = Math.abs(seed);
    const low = magnitude % 2 ** 32;
    const high = Math.floor(magnitude / 2 ** 32);
    this.#twister = MersenneTwister.fromKey(high === 0 ? [low] : [low, high]);
  }

  /**
   * A whole number from 0 to n - 1: the top bits of a draw, until they are below n.
   *
   * @throws {RangeError} If n is not from 1 to 2^31.
   */
  randbelow(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31) {
      throw new RangeError(`Cannot draw below ${n}: the limit must be a whole number from 1 to 2^31`);
    }
    const unusedBits = Math.clz32(n);
    let value: number;
    do value = this.#twister.next() >>> unusedBits; while (value >= n);
    return value;
  }

  /** `random.shuffle`: reorders the items in place. */
  shuffle<Item>(items: Item[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.randbelow(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }
}
