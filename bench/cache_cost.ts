import { type CacheOptions, DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import { secondsOf } from "./measure.ts";
import type { BenchModel } from "./models.ts";

/** How many requests are answered at a time. */
const CONCURRENCY = 16;
/** The number of names of each request. */
const NAMES = 20;

/** What new names cost, on average over some requests of {@link NAMES} names. */
export interface CacheCost {
  /** The share, 0 to 1, of their positions that were not computed for them. What is computed again counts as computed. */
  hitRate: number;
  /** Positions that the model computed for a request. */
  positions: number;
  /** Runs of the model for a request. */
  runs: number;
  /** CPU time of a request, in milliseconds, without a server. */
  cpuMilliseconds: number;
  /** Nodes in the cache at the end. */
  nodes: number;
}

/** A cache that counts what its model computes. */
export class CountedCache {
  readonly #cache: DistributionCache;
  readonly #vocabulary: BenchModel["vocabulary"];
  #positions = 0;
  #runs = 0;
  #seed = 0;

  constructor({ model, vocabulary }: BenchModel, options: CacheOptions = {}) {
    this.#vocabulary = vocabulary;
    this.#cache = new DistributionCache({
      ...model,
      step: async (tokens, batch, past) => {
        const output = await model.step(tokens, batch, past);
        this.#positions += output.logProbs.length / model.vocabularySize;
        this.#runs++;
        return output;
      },
    }, options);
  }

  /** Answers requests with new seeds, at least as many as are asked for. */
  async serve(requests: number): Promise<CacheCost> {
    this.#positions = this.#runs = 0;
    const started = secondsOf("CPU");
    let [answered, lookups] = [0, 0];
    for (; answered < requests; answered += CONCURRENCY) {
      await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
        const names = await sample(this.#cache, this.#vocabulary, { n: NAMES, seed: this.#seed++ });
        for (const { name } of names) lookups += name.length + 1;
      }));
    }
    return {
      hitRate: 1 - this.#positions / lookups,
      positions: this.#positions / answered,
      runs: this.#runs / answered,
      cpuMilliseconds: (1000 * (secondsOf("CPU") - started)) / answered,
      nodes: this.#cache.size,
    };
  }
}
