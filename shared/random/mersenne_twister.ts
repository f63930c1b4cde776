/** Length of the recurrence: 624 words of state make a period of 2^19937 - 1. */
const STATE_WORDS = 624;
/** Middle word of the recurrence. */
const MIDDLE_WORD = 397;
const TWIST_MATRIX = 0x9908b0df;
const UPPER_BIT = 0x80000000;
const LOWER_BITS = 0x7fffffff;

/** The state of a {@link MersenneTwister}, from which another one continues the same sequence. */
export interface MersenneTwisterState {
  /** The 624 words of the recurrence. */
  words: number[];
  /** How many of these words have been used, 0 to 624. */
  position: number;
}

/**
 * The 32-bit Mersenne Twister MT19937. PyTorch's CPU generator and Python's `random` are both based on it.
 *
 * Source: Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform
 * pseudorandom number generator", ACM TOMACS 8(1), 1998.
 *
 * @example
 * ```ts
 * import { MersenneTwister } from "./mersenne_twister.ts";
 *
 * MersenneTwister.fromSeed(5489).next(); // 3499211612
 * ```
 */
export class MersenneTwister {
  readonly #words: Uint32Array;
  #position: number;

  private constructor(words: Uint32Array, position: number) {
    this.#words = words;
    this.#position = position;
  }

  /** Seeds from one 32-bit number (the reference's `init_genrand`); higher bits are dropped. */
  static fromSeed(seed: number): MersenneTwister {
    const words = new Uint32Array(STATE_WORDS);
    words[0] = seed;
    for (let i = 1; i < STATE_WORDS; i++) {
      const previous = words[i - 1];
      words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
    return new MersenneTwister(words, STATE_WORDS);
  }

  /** Seeds from a list of 32-bit numbers (the reference's `init_by_array`). */
  static fromKey(key: readonly number[]): MersenneTwister {
    const twister = MersenneTwister.fromSeed(19650218);
    const words = twister.#words;
    let i = 1;
    const advance = () => {
      i++;
      if (i >= STATE_WORDS) {
        words[0] = words[STATE_WORDS - 1];
        i = 1;
      }
    };
    for (let round = 0; round < Math.max(STATE_WORDS, key.length); round++) {
      const j = round % key.length;
      const previous = words[i - 1];
      words[i] = (words[i] ^ Math.imul(previous ^ (previous >>> 30), 1664525)) + key[j] + j;
      advance();
    }
    for (let round = 0; round < STATE_WORDS - 1; round++) {
      const previous = words[i - 1];
      words[i] = (words[i] ^ Math.imul(previous ^ (previous >>> 30), 1566083941)) - i;
      advance();
    }
    words[0] = UPPER_BIT;
    return twister;
  }

  /**
   * Continues from a {@link state}.
   *
   * @throws {RangeError} If the state does not have 624 words, or its position is not from 0 to 624.
   */
  static fromState({ words, position }: MersenneTwisterState): MersenneTwister {
    if (words.length !== STATE_WORDS || !(position >= 0 && position <= STATE_WORDS)) {
      throw new RangeError(
        `Cannot restore a Mersenne Twister: its state must be ${STATE_WORDS} words and a position from 0 to ` +
          `${STATE_WORDS}, got ${words.length} words and position ${position}`,
      );
    }
    return new MersenneTwister(Uint32Array.from(words), position);
  }

  /** A copy of the current state; see {@link fromState}. */
  state(): MersenneTwisterState {
    return { words: Array.from(this.#words), position: this.#position };
  }

  /** The next tempered output, an integer from 0 to 2^32 - 1. */
  next(): number {
    if (this.#position === STATE_WORDS) this.#twist();
    let y = this.#words[this.#position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #twist(): void {
    const words = this.#words;
    for (let i = 0; i < STATE_WORDS; i++) {
      const y = (words[i] & UPPER_BIT) | (words[(i + 1) % STATE_WORDS] & LOWER_BITS);
      const twisted = (y >>> 1) ^ (y & 1 ? TWIST_MATRIX : 0);
      words[i] = words[(i + MIDDLE_WORD) % STATE_WORDS] ^ twisted;
    }
    this.#position = 0;
  }
}
