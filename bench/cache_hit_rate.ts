import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import { openModel } from "./models.ts";

/** How many requests are answered at a time. */
const CONCURRENCY = 16;
/** The number of names of each request. */
const NAMES = 20;

/**
 * The hit rate, 0 to 1, of the default model's cache, measured over 1,000 requests.
 *
 * @param requests How many requests fill the cache before.
 */
export async function cacheHitRate(requests: number): Promise<number> {
  const { model, vocabulary } = await openModel("tuned");
  let misses = 0;
  const cache = new DistributionCache({
    ...model,
    step(tokens, batch, past) {
      misses += batch;
      return model.step(tokens, batch, past);
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
  await serve(requests, 1000);
  return 1 - misses / lookups;
}
