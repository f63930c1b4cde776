import { DistributionCache } from "../shared/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import { openModel } from "./models.ts";

const AT_ONCE = 16;
const NAMES = 20;

/** The share of contexts that the default model's cache holds when they are wanted, after so many requests. */
export async function foundShare(requests: number): Promise<number> {
  const { model, vocabulary } = await openModel("tuned");
  let asked = 0;
  const cache = new DistributionCache({
    vocabularySize: model.vocabularySize,
    contextLength: model.contextLength,
    logProbs(contexts) {
      asked += contexts.length / model.contextLength;
      return model.logProbs(contexts);
    },
  });
  let wanted = 0;
  const serve = async (first: number, count: number) => {
    for (let start = first; start < first + count; start += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, async (_, i) => {
        const names = await sample(cache, vocabulary, { n: NAMES, seed: start + i });
        for (const { name } of names) wanted += name.length + 1;
      }));
    }
  };
  await serve(0, requests);
  [asked, wanted] = [0, 0];
  await serve(requests, 1000);
  return 1 - asked / wanted;
}
