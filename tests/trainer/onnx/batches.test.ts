import { beforeAll, describe, expect, test } from "vitest";
import { openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { StateLayout } from "../../../shared/distribution_cache/states.ts";
import type { ModelCard } from "../../../shared/model_card.ts";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { buildNetwork, type Hyperparameters, type TrainedNetwork } from "../../../trainer/architecture.ts";
import { findArchitecture } from "../../../trainer/architectures/all.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";

/*
 * ONNX Runtime computes in blocks, and some operators in another order for one row than for several. Whatever it chooses, a
 * row must have the same bits in every batch: the cache mixes rows of all batches, and answers must not depend on it.
 */

beforeAll(async () => {
  await startTensorFlow();
  await startOnnxRuntime();
});

const ROWS = 70;
/** One row, odd numbers, and multiples of four. */
const BATCHES = [1, 3, 8, 33];
/** Steps of a model with states: the first from its initial state, the others from what it gave. */
const STEPS = 2;

/**
 * Networks with wide layers (8192 is the widest that the options allow), with widths that leave a rest in every block, and
 * with long contexts.
 */
const NETWORKS: [architecture: string, hyperparameters: Hyperparameters, characters: number][] = [
  ["mlp", { hidden: 8192 }, 26],
  ["mlp", { context: 5, embedding: 3, hidden: 7, direct: true }, 26],
  ["mlp", { context: 64, embedding: 3, hidden: 64, direct: true }, 26],
  ["mlp", { context: 8, embedding: 101, hidden: 1023, direct: true }, 1000],
  ["rnn", { hidden: 1024 }, 26],
  ["gru", { hidden: 1024 }, 26],
  ["lstm", { embedding: 129, hidden: 1023 }, 26],
  ["bow", { hidden: 8192 }, 26],
  ["wavenet", { hidden: 1024 }, 26],
  ["wavenet", { hidden: 1023, tree: true }, 26],
  ["transformer", { layers: 1, heads: 8, embedding: 512 }, 26],
];

describe.each(NETWORKS)("%s %j, %i characters", (name, hyperparameters, characters) => {
  test("gives a row the same bits in every batch", async () => {
    const vocabulary = new Vocabulary(
      Array.from({ length: characters }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(""),
    );
    const V = vocabulary.size;
    const network = buildNetwork(findArchitecture(name), hyperparameters, V) as TrainedNetwork;
    const generator = new TorchGenerator(42);
    const onnx = exportOnnx(network, network.initialise(generator), {
      name: "a",
      architecture: name,
      vocabulary,
      devNll: 2.5,
    });
    const { contextLength, states = [] } = network;
    const card = { context_length: contextLength, states, vocabulary: vocabulary.characters };
    const served = await openOnnxModel(onnx, card as unknown as ModelCard, WASM_RUNTIME);
    const layout = new StateLayout(served.states);
    const width = contextLength ?? 1;
    const pasts = Array.from({ length: ROWS }, (): Float32Array[] => []);
    for (let position = 0; position < (contextLength === null ? STEPS : 1); position++) {
      const tokens = generator.randint(V, ROWS * width);
      /** The rows from `start` on in a batch of their own: their log-probabilities, and their states. */
      const rows = async (start: number, batch: number) => {
        const some = tokens.slice(start * width, (start + batch) * width);
        const past = layout.gather(pasts.slice(start, start + batch), position);
        const { logProbs, present } = await served.step(some, batch, past);
        return Array.from({ length: batch }, (_, row) => ({
          logProbs: logProbs.slice(row * V, (row + 1) * V),
          state: layout.extract(present, row),
        }));
      };
      const all = await rows(0, ROWS);
      expect(all[0].logProbs).not.toEqual(all[1].logProbs);
      for (const batch of BATCHES) {
        for (let start = 0; start < ROWS; start += batch) {
          const end = Math.min(start + batch, ROWS);
          expect(await rows(start, end - start)).toEqual(all.slice(start, end));
        }
      }
      all.forEach(({ state }, row) => pasts[row] = layout.grows ? [...pasts[row], state] : [state]);
    }
    await served.close();
  });
});
