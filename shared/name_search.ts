import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { continueWith } from "./continue_with.ts";
import { type DrawingOptions, type SampledName, Sampler } from "./sampler.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** At most this many names are drawn for each requested one. */
const DRAWS_PER_NAME = 20;
/** At most this many names are drawn in one batch to replace the rejected ones. */
const MAX_BATCH = 1024;

/** How many names are sampled, and how. */
export interface SamplingOptions extends DrawingOptions {
  /** The number of names. */
  n: number;
  /** Rejects names that were found before. Default false. */
  unique?: boolean;
  /** The names of the training list, to find only novel names. Default: names of the list are not rejected. */
  trainingNames?: { has(name: string): boolean };
  /** After this many characters, no more names are drawn to replace the rejected ones. Default: no limit. */
  maxSearchCharacters?: number;
}

/**
 * Draws names until it has found as many as were requested, and rejects repeats and training names if the options say
 * so. It stops early when it has drawn {@link DRAWS_PER_NAME} names for each requested one, or at least as many as
 * requested with more than `maxSearchCharacters` characters; {@link shortfall} then gives the reason.
 *
 * Names are found in the order in which they are drawn. So the first 10 names are the same whether 10 or 20 are
 * requested, and the batch size of {@link next} does not matter.
 */
export class NameSearch {
  readonly #sampler: Sampler;
  readonly #n: number;
  readonly #maxCharacters: number;
  readonly #trainingNames: SamplingOptions["trainingNames"];
  /** The names found so far, or null if repeats are allowed. */
  readonly #seen: Set<string> | null;
  #found = 0;
  #drawn = 0;
  #characters = 0;
  #fromList = 0;
  #repeats = 0;

  /** @throws {UnknownCharacterError} If the prefix has a character that is not in the vocabulary. */
  constructor(cache: DistributionCache, vocabulary: Vocabulary, options: SamplingOptions) {
    this.#sampler = new Sampler(cache, vocabulary, options);
    this.#n = options.n;
    this.#maxCharacters = options.maxSearchCharacters ?? Infinity;
    this.#trainingNames = options.trainingNames;
    this.#seen = options.unique ? new Set() : null;
  }

  /** Whether the search has ended: all names are found, or a limit is reached. */
  get done(): boolean {
    return this.#found === this.#n || this.#drawn >= this.#n * DRAWS_PER_NAME ||
      (this.#drawn >= this.#n && this.#characters > this.#maxCharacters);
  }

  /** Searches to the end and returns all names found; where the model is run, a promise of them. */
  all(): SampledName[] | Promise<SampledName[]> {
    const names = this.next(this.#n);
    return names instanceof Promise || !this.done ? this.#complete(names) : names;
  }

  async #complete(first: SampledName[] | Promise<SampledName[]>): Promise<SampledName[]> {
    const names = await first;
    while (!this.done) names.push(...await this.next(this.#n));
    return names;
  }

  /**
   * Draws one batch and returns the names found in it, which are none if all of the batch is rejected.
   *
   * @param about The desired number of names; at most the remaining ones are returned. The size of the batch is
   * estimated from the rejections so far, so there may be more names or fewer.
   */
  next(about: number): SampledName[] | Promise<SampledName[]> {
    const wanted = Math.min(about, this.#n - this.#found);
    return continueWith(this.#sampler.next(this.#batchSize(wanted)), (names) => this.#take(names));
  }

  /** Counts the names of a batch, and returns those that are found. */
  #take(names: SampledName[]): SampledName[] {
    if (this.#seen === null && this.#trainingNames === undefined) {
      this.#drawn += names.length;
      this.#found += names.length;
      return names;
    }
    return names.filter((name) => this.#accept(name));
  }

  /**
   * The reason why fewer names were found than requested, or undefined if all were found.
   *
   * @param noun What the names are called, in the plural.
   * @example "12 of 50 names: 1000 were drawn, of which 900 are in the training list and 88 repeat others"
   */
  shortfall(noun: string): string | undefined {
    if (this.#found === this.#n) return undefined;
    const reasons = [
      ...(this.#fromList > 0 ? [`${this.#fromList} are in the training list`] : []),
      ...(this.#repeats > 0 ? [`${this.#repeats} repeat others`] : []),
    ];
    return `${this.#found} of ${this.#n} ${noun}: ${this.#drawn} were drawn, of which ${
      reasons.join(" and ")
    }`;
  }

  /** How many names to draw to find the wanted number, given the share of names that was found so far. */
  #batchSize(wanted: number): number {
    if (this.#drawn === 0) return wanted;
    const drawsPerName = this.#drawn / Math.max(1, this.#found);
    const left = Math.min(this.#n * DRAWS_PER_NAME - this.#drawn, this.#drawsInCharactersLeft());
    return Math.min(left, Math.max(wanted, Math.min(MAX_BATCH, Math.ceil(wanted * drawsPerName))));
  }

  /** How many more names reach the limit of characters, if they are as long as the average so far. */
  #drawsInCharactersLeft(): number {
    const left = Math.max(0, this.#maxCharacters - this.#characters);
    const draws = 1 + Math.floor(left * this.#drawn / Math.max(1, this.#characters));
    return Math.max(draws, this.#n - this.#drawn); // the first n draws are allowed whatever their length
  }

  /** Counts a drawn name, and returns whether it is found or rejected. */
  #accept({ name }: SampledName): boolean {
    if (this.done) return false;
    this.#drawn++;
    this.#characters += name.length;
    if (this.#trainingNames?.has(name)) {
      this.#fromList++;
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
