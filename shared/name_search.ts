import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { type DrawingOptions, type SampledName, Sampler } from "./sampler.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** How many names are drawn for each one asked for, at most, where some are left out. */
const DRAWS_PER_NAME = 20;
/** Most characters that are drawn before no more names are sought in place of those left out. */
const MAX_SEARCH_CHARACTERS = 32_000;
/** Most names that are drawn at once to make up for those left out. */
const MAX_AT_ONCE = 1024;

/** How many names are sampled, and how. */
export interface SamplingOptions extends DrawingOptions {
  /** How many names. */
  n: number;
  /** Leave out names that came before. Default false. */
  unique?: boolean;
  /** Leave out the names that are in here: those of the training list, where only new ones are wanted. */
  known?: { has(name: string): boolean };
}

/**
 * Makes names until there are as many as were asked for, leaving out repeats and known names as told. At most
 * {@link DRAWS_PER_NAME} are drawn for each one asked for, and beyond the first no more than {@link MAX_SEARCH_CHARACTERS}
 * characters; where those are not enough, {@link shortfall} says why.
 *
 * Names are found in the order in which they are drawn, so 10 are the beginning of 20 whatever is left out, and however
 * many are asked for at a time.
 */
export class NameSearch {
  readonly #sampler: Sampler;
  readonly #n: number;
  readonly #known: SamplingOptions["known"];
  /** The names found, where repeats are left out. */
  readonly #seen: Set<string> | null;
  #found = 0;
  #drawn = 0;
  #characters = 0;
  #knownNames = 0;
  #repeats = 0;

  /** @throws {UnknownCharacterError} If the prefix has a character that the vocabulary has not. */
  constructor(cache: DistributionCache, vocabulary: Vocabulary, options: SamplingOptions) {
    this.#sampler = new Sampler(cache, vocabulary, options);
    this.#n = options.n;
    this.#known = options.known;
    this.#seen = options.unique ? new Set() : null;
  }

  /** Whether there is nothing more to find: all were found, or as many drawn as may be. */
  get done(): boolean {
    return this.#found === this.#n || this.#drawn >= this.#n * DRAWS_PER_NAME ||
      (this.#drawn >= this.#n && this.#characters > MAX_SEARCH_CHARACTERS);
  }

  /** All names that are left to find. */
  async all(): Promise<SampledName[]> {
    const names = await this.next(this.#n);
    while (!this.done) names.push(...await this.next(this.#n));
    return names;
  }

  /**
   * Draws once more and returns what was found: none, where all that was drawn is left out.
   *
   * @param about How many names it should be, the rest if they are fewer. More come where more were left out before
   * than now.
   */
  async next(about: number): Promise<SampledName[]> {
    const wanted = Math.min(about, this.#n - this.#found);
    const names = await this.#sampler.next(this.#toDraw(wanted));
    if (this.#seen === null && this.#known === undefined) {
      this.#drawn += names.length;
      this.#found += names.length;
      return names;
    }
    return names.filter((name) => this.#take(name));
  }

  /**
   * Why fewer names were found than were asked for, in words; nothing where all were found.
   *
   * @example "12 of 50 names: 1000 were drawn, of which 900 are in the training list and 88 repeat others"
   */
  shortfall(): string | undefined {
    if (this.#found === this.#n) return undefined;
    const reasons = [
      ...(this.#knownNames > 0 ? [`${this.#knownNames} are in the training list`] : []),
      ...(this.#repeats > 0 ? [`${this.#repeats} repeat others`] : []),
    ];
    return `${this.#found} of ${this.#n} names: ${this.#drawn} were drawn, of which ${reasons.join(" and ")}`;
  }

  /** How many to draw to find so many, by how many were found of those drawn so far. */
  #toDraw(wanted: number): number {
    if (this.#drawn === 0) return wanted;
    const perName = this.#drawn / Math.max(1, this.#found);
    const left = Math.min(this.#n * DRAWS_PER_NAME - this.#drawn, this.#drawsOfCharactersLeft());
    return Math.min(left, Math.max(wanted, Math.min(MAX_AT_ONCE, Math.ceil(wanted * perName))));
  }

  /** How many names use up the characters that may still be drawn, if they are as long as those before them. */
  #drawsOfCharactersLeft(): number {
    const left = Math.max(0, MAX_SEARCH_CHARACTERS - this.#characters);
    const draws = 1 + Math.floor(left * this.#drawn / Math.max(1, this.#characters));
    return Math.max(draws, this.#n - this.#drawn); // as many as are asked for may be drawn in any case
  }

  /** Whether a name is to be given out; it is counted either way. */
  #take({ name }: SampledName): boolean {
    if (this.done) return false;
    this.#drawn++;
    this.#characters += name.length;
    if (this.#known?.has(name)) {
      this.#knownNames++;
      return false;
    }
    if (this.#seen?.has(name)) {
      this.#repeats++;
      return false;
    }
    this.#seen?.add(name);
    this.#found++;
    return true;
  }
}
