import { tensor2d } from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { StateLayout } from "../../../shared/distribution_cache/states.ts";
import type { LanguageModel } from "../../../shared/language_model.ts";
import type { ModelCard } from "../../../shared/model_card.ts";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork, type TrainedNetwork } from "../../../trainer/architecture.ts";
import { findArchitecture } from "../../../trainer/architectures/all.ts";
import { chooseBackend } from "../../../trainer/backends/all.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { logProbs } from "../../../trainer/evaluation.ts";
import { makeExamples, WordExamples } from "../../../trainer/examples.ts";
import { fit, initialState } from "../../../trainer/fit.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { readParameters } from "../../../trainer/onnx/import.ts";
import { mapValues, type Parameters, readValues, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { WORD_CASES } from "./contract_cases.ts";
import { expectValidOnnx } from "./onnx_checker.ts";

beforeAll(async () => {
  await startTensorFlow();
  await startOnnxRuntime();
});

const corpus = makeCorpus(await readList(DEFAULT_LIST));
const { vocabulary, words } = corpus;
const V = vocabulary.size;

/** The log-probabilities after each position of each word, (length + 1, V), in passes over whole words. */
function inWholePasses(network: TrainedNetwork, parameters: Parameters): Float32Array[] {
  const weights = mapValues(parameters, toTensor);
  let word = 0;
  return [...new WordExamples(words.dev).batches()].flatMap(({ tokens, count }) => {
    const time = tokens.length / count;
    const rows = readValues(() => logProbs(network, weights, tensor2d(tokens, [count, time], "int32")));
    return Array.from({ length: count }, (_, i) => {
      const length = words.dev[word++].length + 1;
      return rows.slice(i * time * V, (i * time + length) * V);
    });
  });
}

/** The same, step by step: in each, the next token of each of these words that has one. */
async function inSteps(model: LanguageModel, some: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const layout = new StateLayout(model.states);
  const pasts = some.map((): Float32Array[] => []);
  const rows = some.map((word) => new Float32Array((word.length + 1) * V));
  for (let position = 0;; position++) {
    const active = Array.from(some.keys()).filter((i) => some[i].length >= position);
    if (active.length === 0) return rows;
    const tokens = Int32Array.from(active, (i) => position === 0 ? 0 : some[i][position - 1]);
    const past = layout.gather(active.map((i) => pasts[i]), position);
    const { logProbs, present } = await model.step(tokens, active.length, past);
    active.forEach((i, row) => {
      rows[i].set(logProbs.subarray(row * V, (row + 1) * V), position * V);
      const state = layout.extract(present, row);
      pasts[i] = layout.grows ? [...pasts[i], state] : [state];
    });
  }
}

describe.each(WORD_CASES)("%s %j", (name, hyperparameters) => {
  test("gives the same log-probabilities step by step from its ONNX file as TensorFlow.js in whole passes, on the whole dev split", async () => {
    const network = buildNetwork(findArchitecture(name), hyperparameters, V) as TrainedNetwork;
    const generator = new TorchGenerator(42);
    const settings = { steps: 300, batch: 32, lr: 0.01, schedule: "constant", optimizer: "adam" } as const;
    const state = initialState(network, network.initialise(generator), generator, settings);
    const dev = new WordExamples(words.dev.slice(0, 10));
    const backend = chooseBackend("auto", network, settings);
    const examples = { train: makeExamples(corpus, null).train, dev };
    const { parameters } = await fit(network, examples, { ...settings, backend }, state);
    expect(parameters.start?.values.some((value) => value !== 0)).not.toBe(false);

    const onnx = exportOnnx(network, parameters, { name: "a", architecture: name, vocabulary, devNll: 2.5 });
    const card = { context_length: null, states: network.states, vocabulary: vocabulary.characters };
    const served = await openOnnxModel(onnx, card as ModelCard, WASM_RUNTIME);
    const ours = inWholePasses(network, parameters);
    const theirs = await inSteps(served, words.dev);
    let [worst, worstSum] = [0, 0];
    theirs.forEach((rows, word) => {
      expect(rows.length).toBe(ours[word].length);
      for (let row = 0; row < rows.length; row += V) {
        let sum = 0;
        for (let i = row; i < row + V; i++) {
          worst = Math.max(worst, Math.abs(ours[word][i] - rows[i]));
          sum += Math.exp(rows[i]);
        }
        worstSum = Math.max(worstSum, Math.abs(sum - 1));
      }
    });
    expect(worst).toBeLessThan(1e-5);
    expect(worstSum).toBeLessThan(1e-5);

    // A row does not depend on the batch around it, to the last bit.
    for (const batch of [1, 2, 3, 7, 64]) {
      expect(await inSteps(served, words.dev.slice(0, batch))).toEqual(theirs.slice(0, batch));
    }

    const readBack = readParameters(onnx);
    for (const [name, parameter] of Object.entries(parameters)) expect(readBack[name]).toEqual(parameter);

    await expectValidOnnx(onnx);
    await served.close();
  });
});
