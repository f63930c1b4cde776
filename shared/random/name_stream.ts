/** 2^32 divided by the golden ratio, odd: multiples of it modulo 2^32 visit every 32-bit number, far apart. */
export const GOLDEN_STEP = 0x9e3779b9;
/** 2^32 divided by the silver ratio, odd: a second step, unrelated to the first. */
const SILVER_STEP = 0x6a09e667;

/**
 * The random number generator of one name. It depends only on the request's seed and the name's index, so the
 * names of a request are the same in whatever order or batches they are drawn.
 *
 * The generator is xoshiro128** with a state hashed from seed and index. Seeding it takes nanoseconds, where a
 * Mersenne Twister takes microseconds, and it uses only 32-bit integer arithmetic, which every JavaScript
 * engine computes alike.
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
   * @param index The position of the name in its request, from 0.
   */
  constructor(seed: number, index: number) {
    this.reset(seed, index);
  }

  /** Starts the stream of another name, without allocating. */
  reset(seed: number, index: number): void {
    // Two hashes of the seed, advanced by the index in different steps, make 64 bits that differ between streams.
    const low = mix(seed >>> 0);
    const high = Math.floor(seed / 2 ** 32) ^ GOLDEN_STEP;
    const first = mix(mix(low ^ high) + Math.imul(index + 1, GOLDEN_STEP));
    const second = mix(mix(low + high) + Math.imul(index + 1, SILVER_STEP));
    const state = this.#state;
    state[0] = first;
    state[1] = second;
    state[2] = mix(first + GOLDEN_STEP);
    state[3] = mix(second + GOLDEN_STEP) | 1; // xoshiro never leaves the state that is all zero
  }

  /** The next float64 in [0, 1), from 53 random bits of two draws. */
  uniform(): number {
    const high = this.next() >>> 11;
    return (high * 2 ** 32 + this.next()) * 2 ** -53;
  }

  /** The next integer from 0 to 2^32 - 1. */
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

/** MurmurHash3's finaliser: a bijection of 32-bit integers in which each input bit affects each output bit. */
export function mix(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
