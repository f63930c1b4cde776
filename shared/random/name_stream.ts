/** 2^32 over the golden ratio, made odd: steps of it visit every 32-bit number, far apart. */
const GOLDEN_STEP = 0x9e3779b9;
/** 2^32 over the silver ratio, made odd, for a second walk that keeps no step with the first. */
const SILVER_STEP = 0x6a09e667;

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
  readonly #state = new Int32Array(4);

  /**
   * @param seed A whole number from 0 to 2^53 - 1.
   * @param index The name's place in its request, from 0.
   */
  constructor(seed: number, index: number) {
    this.reset(seed, index);
  }

  /** Makes it the stream of another name. */
  reset(seed: number, index: number): void {
    // Two hashes of the seed move on by the index, by different steps: 64 bits tell one stream from another.
    const low = mix(seed >>> 0);
    const high = Math.floor(seed / 2 ** 32) ^ GOLDEN_STEP;
    const first = mix(mix(low ^ high) + Math.imul(index + 1, GOLDEN_STEP));
    const second = mix(mix(low + high) + Math.imul(index + 1, SILVER_STEP));
    const state = this.#state;
    state[0] = first;
    state[1] = second;
    state[2] = mix(first + GOLDEN_STEP);
    state[3] = mix(second + GOLDEN_STEP) | 1; // never all zero, the one state that the recurrence cannot leave
  }

  /** One float64 from [0, 1): 53 random bits, of two numbers. */
  uniform(): number {
    const high = this.next() >>> 11;
    return (high * 2 ** 32 + this.next()) * 2 ** -53;
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const state = this.#state;
    const b = state[1];
    const c = state[2] ^ state[0];
    const d = state[3] ^ b;
    state[1] = b ^ c;
    state[0] ^= d;
    state[2] = c ^ (b << 9);
    state[3] = rotateLeft(d, 11);
    return Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
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
