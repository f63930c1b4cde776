import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import type { BenchModel } from "./models.ts";

/** How many requests are answered at a time. */
const CONCURRENCY = 16;
/** The number of names of each request. */
const NAMES = 20;

/** Requests whose hit rate is measured. */
const MEASURED = 500;

/**
 * The hit rate, 0 to 1, of a model's cache: the share of the positions of new names that were not computed for them. What is
 * computed again, because its state was evicted, counts as a miss. It depends on how well the model is trained.
 *
 * @param requests How many requests fill the cache before.
 */
export async function cacheHitRate({ model, vocabulary }: BenchModel, requests: number): Promise<number> {
  let misses = 0;
  const { vocabularySize } = model;
  const cache = new DistributionCache({
    ...model,
    async step(tokens, batch, past) {
      const output = await model.step(tokens, batch, past);
      misses += output.logProbs.length / vocabularySize;
      return output;
    },
  });
  let lookups = 0;
  const serve = async (first: number, count: number) => {
    for (let start = first; start < first + count; start += CONCURRENCY) {
      await Promise.all(Array.from({ length: CONCURRENCY }, async (_, i) => {
        const names = await sample(cache, vocabulary, { n: NAMES, seed: start + i });
        for (const { name } of names) lookups += name.length + 1;
      }));
    }
  };
  await serve(0, requests);
  [misses, lookups] = [0, 0];
  await serve(requests, MEASURED);
  return 1 - misses / lookups;
}
