/** 2^32 over the golden ratio, made odd: steps of it visit every 32-bit number, far apart. */
const GOLDEN_STEP = 0x9e3779b9;

/**
 * The stream of uniform numbers that one name is drawn from. It depends on nothing but the request's seed and
 * the name's index, so names can be made in any order, alone or in batches, and come out the same.
 *
 * It is xoshiro128** on a state hashed from seed and index: seeding takes nanoseconds where a Mersenne
 * Twister takes microseconds, and everything is 32-bit integer arithmetic, the same on every engine.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021; the
 * hash is MurmurHash3's 32-bit finaliser (Appleby, 2011).
 *
 * @example
 * ```ts
 * import { NameStream } from "./name_stream.ts";
 *
 * new NameStream(42, 0).uniform(); // the first number for the first name of seed 42
 * ```
 */
export class NameStream {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * @param seed A whole number from 0 to 2^53 - 1.
   * @param index The name's place in its request, from 0.
   */
  constructor(seed: number, index: number) {
    let hash = mix(seed >>> 0);
    hash = mix(hash ^ Math.floor(seed / 2 ** 32) ^ GOLDEN_STEP);
    hash = mix(hash + Math.imul(index + 1, GOLDEN_STEP));
    this.#a = mix(hash + GOLDEN_STEP);
    this.#b = mix(hash + 2 * GOLDEN_STEP);
    this.#c = mix(hash + 3 * GOLDEN_STEP);
    this.#d = mix(hash + 4 * GOLDEN_STEP);
    // The four differ, being images of different numbers under a bijection, so they are never all zero,
    // the one state that the recurrence cannot leave.
  }

  /** One float64 from [0, 1): 53 random bits, of two draws. */
  uniform(): number {
    const high = this.#next() >>> 11;
    return (high * 2 ** 32 + this.#next()) * 2 ** -53;
  }

  #next(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled >>> 0;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** A bijection of the 32-bit numbers in which every input bit sways every output bit. */
function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
