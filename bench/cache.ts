import { PrefixNodes } from "../shared/distribution_cache/prefix_nodes.ts";
import { StateLayout, StatePool } from "../shared/distribution_cache/states.ts";
import { CountedCache } from "./cache_cost.ts";
import type { Bench, ModelRow } from "./measure.ts";
import { type BenchModel, openModel } from "./models.ts";

/** The model that is measured unless another one is named. */
const MODEL = "gru";
/** Limits of the memory for distributions and states together, in MB; each gets half of it. */
const LIMITS = [20, 40, 64];
/** Requests to a new cache; those after them that fill it; and those that are measured then. */
const COLD_REQUESTS = 96;
const FILLING_REQUESTS = 9_904;
const MEASURED_REQUESTS = 496;

/** The cache of a model with states: what requests for new names find in it, by its memory. */
export const cache: Bench = {
  title: "the cache, in process, requests of 20 names with new seeds, 16 at a time",
  async run(tell, { models, model = MODEL }, show) {
    const opened = await openModel(model, models);
    const { vocabularySize, contextLength, states } = opened.model;
    if (contextLength !== null) throw new Error(`Cannot measure ${model}: it has a window`);
    tell(
      `a node takes ${PrefixNodes.bytesPerNode(vocabularySize)} bytes, and a state ${
        StatePool.bytesPerState(new StateLayout(states).size)
      }`,
    );
    const rows: ModelRow[] = [];
    for (const megabytes of LIMITS) {
      tell(`measuring with ${megabytes} MB`);
      rows.push(await measure(opened, megabytes));
    }
    show("by the memory of the cache; positions that are computed, and CPU in milliseconds, a request", rows);
    return [];
  },
};

async function measure(opened: BenchModel, megabytes: number): Promise<ModelRow> {
  const bytes = (megabytes / 2) * 2 ** 20;
  const counted = new CountedCache(opened, { bytes, stateBytes: bytes });
  const cold = await counted.serve(COLD_REQUESTS);
  await counted.serve(FILLING_REQUESTS);
  const warm = await counted.serve(MEASURED_REQUESTS);
  const remembering = new CountedCache(opened, { bytes, stateBytes: 2 ** 30 });
  await remembering.serve(COLD_REQUESTS + FILLING_REQUESTS);
  const states = await remembering.serve(MEASURED_REQUESTS);
  return {
    model: `${opened.card.name}, ${megabytes} MB`,
    "positions cold": cold.positions,
    "CPU": cold.cpuMilliseconds,
    "a second of CPU": (1000 * cold.positions) / cold.cpuMilliseconds,
    "nodes": warm.nodes,
    "hit rate": warm.hitRate,
    "positions": warm.positions,
    "of those again": warm.positions - states.positions,
    "runs": warm.runs,
    "CPU ": warm.cpuMilliseconds,
  };
}
