import type { LanguageModel } from "../../../shared/language_model.ts";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { beforeAll, describe, expect, test } from "vitest";
import type { ModelCard } from "../../../shared/model_card.ts";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { architectures, findArchitecture } from "../../../trainer/architectures/all.ts";
import { tensorflow } from "../../../trainer/backends/tensorflow.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { evaluateCheckpoint } from "../../../trainer/evaluation.ts";
import { makeExamples } from "../../../trainer/examples.ts";
import { fit, initialState } from "../../../trainer/fit.ts";
import { OPSET_VERSION } from "../../../trainer/onnx/graph.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { readParameters } from "../../../trainer/onnx/import.ts";
import { mapValues, type Parameters, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { tensorFlowModel } from "../../../trainer/tensorflow_model.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { WINDOW_CASES, WORD_CASES } from "./contract_cases.ts";
import { expectValidOnnx } from "./onnx_checker.ts";

beforeAll(async () => {
  await startTensorFlow();
  await startOnnxRuntime();
});

test("every architecture is held to the contract", () => {
  const cases = [...WINDOW_CASES, ...WORD_CASES];
  expect(new Set(cases.map(([name]) => name))).toEqual(new Set(architectures.map(({ name }) => name)));
});

/** The rows of a model with a window after some contexts. */
async function logProbs(model: LanguageModel, contexts: Int32Array<ArrayBuffer>): Promise<Float32Array> {
  return (await model.step(contexts, contexts.length / model.contextLength!, [])).logProbs;
}

describe.each(WINDOW_CASES)("%s %j", (name, hyperparameters) => {
  test("gives the same log-probabilities from its ONNX file as from TensorFlow.js, on the whole dev split", async () => {
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const { vocabulary } = corpus;
    const network = buildNetwork(findArchitecture(name), hyperparameters, vocabulary.size);
    const contextLength = network.contextLength!;
    const examples = makeExamples(corpus, contextLength);
    const { tokens: contexts } = examples.dev.all();
    let parameters: Parameters;
    if (network.learns === "by counting") {
      parameters = network.count(examples.train);
    } else {
      const generator = new TorchGenerator(42);
      const settings = { steps: 300, batch: 32, lr: 0.1, schedule: "constant", optimizer: "sgd" } as const;
      const state = initialState(network, network.initialise(generator), generator, settings);
      const trained = await fit(network, examples, settings, state);
      ({ parameters } = await evaluateCheckpoint(network, examples, trained, tensorflow));
    }

    const onnx = exportOnnx(network, parameters, { name: "a", architecture: name, vocabulary, devNll: 2.5 });
    const card = { context_length: contextLength, vocabulary: vocabulary.characters } as ModelCard;
    const served = await openOnnxModel(onnx, card, WASM_RUNTIME);
    const trained = tensorFlowModel(network, mapValues(parameters, toTensor));
    const [ours, theirs] = [
      await logProbs(trained, contexts),
      await logProbs(served, contexts),
    ];
    expect(theirs.length).toBe(examples.dev.count * vocabulary.size);
    let [worst, worstSum] = [0, 0];
    for (let row = 0; row < theirs.length; row += vocabulary.size) {
      let sum = 0;
      for (let i = row; i < row + vocabulary.size; i++) {
        if (ours[i] !== theirs[i]) worst = Math.max(worst, Math.abs(ours[i] - theirs[i]));
        sum += Math.exp(theirs[i]);
      }
      worstSum = Math.max(worstSum, Math.abs(sum - 1));
    }
    expect(worst).toBeLessThan(1e-5);
    expect(worstSum).toBeLessThan(1e-5);

    // And a row does not depend on the batch around it, to the last bit: cold or warm, an answer is the same.
    for (const batch of [1, 2, 3, 7, 64]) {
      const some = await logProbs(served, contexts.slice(0, batch * contextLength));
      expect(some).toEqual(theirs.slice(0, batch * vocabulary.size));
    }

    // What is read back from the file is the same model, be it folded.
    const back = tensorFlowModel(network, mapValues(readParameters(onnx), toTensor));
    const again = await logProbs(back, contexts);
    expect(again.every((logProb, i) => logProb === ours[i] || Math.abs(logProb - ours[i]) < 1e-5)).toBe(true);
    const model = fromBinary(ModelProtoSchema, onnx);
    expect(model.opsetImport[0].version).toBe(BigInt(OPSET_VERSION));
    expect(Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      name: "a",
      architecture: name,
      vocabulary: "abcdefghijklmnopqrstuvwxyz",
      context_length: String(contextLength),
      dev_nll: "2.5",
    });
    await expectValidOnnx(onnx);
  });
});
