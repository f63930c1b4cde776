import { DistributionCache } from "../shared/distribution_cache/distribution_cache.ts";
import { sample } from "../shared/sampling.ts";
import { CountedCache } from "./cache_cost.ts";
import type { ModelRow } from "./measure.ts";
import { type BenchModel, type ChosenModels, openModel } from "./models.ts";

/** The names of a request. */
const NAMES = 20;
/** Names that a server makes when it opens a model. */
const START_NAMES = 200;
/** Requests to a new cache. */
const COLD_REQUESTS = 100;
/** Requests, of {@link NAMES} names each, that make a cache warm; and those that are measured then. */
const WARM_UP_REQUESTS = 1000;
const WARM_REQUESTS = 300;
/** Positions before those that are computed alone or in a batch. */
const DEPTH = 6;
const STEP_MILLISECONDS = 1000;

/** Measures models in this process: the model alone, and with its cache. */
export async function sampleModels(
  { directory, names }: ChosenModels,
  tell: (text: string) => void,
): Promise<ModelRow[]> {
  const rows: ModelRow[] = [];
  for (const name of names) {
    tell(`measuring ${name}`);
    const opened = await openModel(name, directory);
    const cache = new DistributionCache(opened.model);
    await sample(cache, opened.vocabulary, { n: START_NAMES, seed: 0 });
    const counted = new CountedCache(opened);
    await counted.serve(WARM_UP_REQUESTS);
    const cold = await requestRate(cache, opened, 1, COLD_REQUESTS);
    await requestRate(cache, opened, 1 + COLD_REQUESTS, WARM_UP_REQUESTS);
    rows.push({
      model: name,
      "positions/s alone": await positionRate(opened, 1),
      [`in batches of ${NAMES}`]: await positionRate(opened, NAMES),
      "in batches of 200": await positionRate(opened, 200),
      "n=20/s cold": cold,
      "n=20/s warm": await requestRate(cache, opened, 1 + COLD_REQUESTS + WARM_UP_REQUESTS, WARM_REQUESTS),
      "hit rate": (await counted.serve(WARM_REQUESTS)).hitRate,
    });
  }
  return rows;
}

/** New positions a second that the model computes in steps of so many. */
async function positionRate({ model }: BenchModel, batch: number): Promise<number> {
  const tokens = new Int32Array(batch * (model.contextLength ?? 1)).fill(1);
  const past = model.states.map(({ shape }) => {
    const size = shape.reduce<number>((size, length) => size * (length === "past" ? DEPTH : length), batch);
    return new Float32Array(size).fill(0.1);
  });
  await model.step(tokens, batch, past);
  const started = performance.now();
  let positions = 0;
  while (performance.now() - started < STEP_MILLISECONDS) {
    await model.step(tokens, batch, past);
    positions += batch;
  }
  return (1000 * positions) / (performance.now() - started);
}

/** Requests a second, each with a seed of its own, one after the other. */
async function requestRate(
  cache: DistributionCache,
  { vocabulary }: BenchModel,
  firstSeed: number,
  requests: number,
): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < requests; i++) await sample(cache, vocabulary, { n: NAMES, seed: firstSeed + i });
  return (1000 * requests) / (performance.now() - started);
}
