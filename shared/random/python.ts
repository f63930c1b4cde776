import { MersenneTwister } from "./mersenne_twister.ts";

/**
 * Python's `random.Random(seed)` for an integer seed: it gives the same numbers as CPython.
 *
 * Source: CPython's `Lib/random.py` and `Modules/_randommodule.c`.
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
   * @param seed An integer; its sign is ignored, as in Python.
   * @throws {RangeError} If the seed is not a safe integer.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(
        `Cannot seed a generator: the seed must be an integer of at most 53 bits, got ${seed}`,
      );
    }
    const magnitude = Math.abs(seed);
    const low = magnitude % 2 ** 32;
    const high = Math.floor(magnitude / 2 ** 32);
    this.#twister = MersenneTwister.fromKey(high === 0 ? [low] : [low, high]);
  }

  /**
   * A random integer from 0 to n - 1. As CPython's `_randbelow`, it takes the top bits of a draw, and draws again
   * while they are not below n.
   *
   * @throws {RangeError} If n is not from 1 to 2^31.
   */
  randbelow(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 31) {
      throw new RangeError(`Cannot draw below ${n}: the limit must be an integer from 1 to 2^31`);
    }
    const unusedBits = Math.clz32(n);
    let value: number;
    do value = this.#twister.next() >>> unusedBits; while (value >= n);
    return value;
  }

  /** `random.shuffle`: shuffles the items in place. */
  shuffle<Item>(items: Item[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.randbelow(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }
}
