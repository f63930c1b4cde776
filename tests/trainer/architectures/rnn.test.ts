import { memory } from "@tensorflow/tfjs";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, test } from "vitest";
import { modelCardSchema } from "../../../shared/model_card.ts";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { rnn } from "../../../trainer/architectures/rnn.ts";
import { chooseBackend } from "../../../trainer/backends/all.ts";
import { loadCheckpoint, saveCheckpoint } from "../../../trainer/checkpoint.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { DEFAULT_LIST, readList } from "../../../trainer/list_file.ts";
import { evaluate, scoreWords } from "../../../trainer/evaluation.ts";
import { makeExamples } from "../../../trainer/examples.ts";
import { findLearningRate } from "../../../trainer/find_lr.ts";
import { fit, type FitSettings, initialState } from "../../../trainer/fit.ts";
import { loadModel } from "../../../trainer/load_model.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { readParameters } from "../../../trainer/onnx/import.ts";
import { mapValues, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { lastLogProbs } from "../../../trainer/tensorflow_model.ts";
import { train } from "../../../trainer/train.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

beforeAll(async () => {
  await startTensorFlow();
  await startOnnxRuntime();
});

const list = await readList(DEFAULT_LIST);
const corpus = makeCorpus({ ...list, lines: list.lines.slice(0, 2000) });
const { vocabulary, words } = corpus;
const V = vocabulary.size;
const network = buildNetwork(rnn, {}, V);
const examples = makeExamples(corpus, network.contextLength);
const settings: FitSettings = { steps: 150, batch: 32, lr: 0.01, schedule: "constant", optimizer: "adam" };

function start() {
  const generator = new TorchGenerator(42);
  return initialState(network, network.initialise(generator), generator, settings);
}

const trained = (() => {
  let state: ReturnType<typeof fit> | undefined;
  return () => state ??= fit(network, examples, settings, start());
})();

describe("a network with a state", () => {
  test("trains to a falling loss, the same when interrupted and resumed from a checkpoint", async () => {
    const tensors = memory().numTensors;
    const { history, best } = await trained();
    expect(memory().numTensors).toBe(tensors);
    expect(history[0].loss).toBeCloseTo(Math.log(V), 0);
    expect(history.at(-1)!.loss).toBeLessThan(2.45);
    expect(best!.devNll).toBeLessThan(2.45);
    const stop = new AbortController();
    const state = await fit(network, examples, settings, start(), {
      onStep: (step) => step === 70 && stop.abort(),
      signal: stop.signal,
    });
    const directory = await temporaryDirectory();
    const options = {
      ...settings,
      name: "rnn",
      schedule: "constant",
      data: "",
      architecture: "rnn",
    } as const;
    const whole = { ...options, hyperparameters: {}, seed: 42, out: directory, checkpoints: directory };
    await saveCheckpoint(directory, { options: whole, listSha256: "", seconds: 0, state });
    const resumed = (await loadCheckpoint(directory, "rnn")).state;
    expect(resumed.step).toBe(71);
    expect(await fit(network, examples, settings, resumed)).toEqual(await trained());
  });

  test("is evaluated by passes over whole words, as word by word and prefix by prefix", async () => {
    const weights = mapValues((await trained()).parameters, toTensor);
    const some = words.dev.slice(0, 20);
    const byPrefix = some.map((word) => {
      const tokens = [0, ...word];
      let sum = 0;
      for (let end = 1; end <= tokens.length; end++) {
        sum -= lastLogProbs(network, weights, Int32Array.from(tokens.slice(0, end)), 1)[tokens[end] ?? 0];
      }
      return sum;
    });
    scoreWords(network, weights, some).forEach((nll, i) => {
      expect(nll * (some[i].length + 1)).toBeCloseTo(byPrefix[i], 4);
    });
    const nll = evaluate(network, weights, makeExamples({ words: { ...words, dev: some } }, null).dev);
    const characters = some.reduce((sum, word) => sum + word.length + 1, 0);
    expect(nll).toBeCloseTo(byPrefix.reduce((a, b) => a + b) / characters, 5);
  });

  test("has a suggested learning rate, and a fused step", async () => {
    expect(chooseBackend("auto", network, settings)).toBe("fused");
    const sweep = { from: -4, to: 0, steps: 60 };
    const { losses, suggestion } = await findLearningRate(network, examples, sweep, settings, start());
    expect(losses).toHaveLength(60);
    expect(suggestion).toBeGreaterThan(1e-4);
    expect(suggestion).toBeLessThan(1);
  });

  test("exports a graph with its state that agrees with TensorFlow.js, in one pass and step by step", async () => {
    const { parameters } = await trained();
    const weights = mapValues(parameters, toTensor);
    const onnx = exportOnnx(network, parameters, { name: "a", architecture: "rnn", vocabulary, devNll: 2.5 });
    const session = await InferenceSession.create(onnx, { executionProviders: ["wasm"] });
    expect(session.inputNames).toEqual(["tokens", "past.hidden"]);
    expect(session.outputNames).toEqual(["log_probs", "present.hidden"]);
    const run = async (tokens: number[], past: Tensor) =>
      await session.run({
        tokens: new Tensor("int64", BigInt64Array.from(tokens, BigInt), [2, tokens.length / 2]),
        "past.hidden": past,
      });
    const zeros = () => new Tensor("float32", new Float32Array(2 * 64), [2, 64]);
    const [a, b] = [[0, 1, 14, 4, 18], [0, 5, 13, 13, 1]];
    const whole = await run([...a, ...b], zeros());
    expect(whole.log_probs.dims).toEqual([2, 5, V]);
    expect(whole["present.hidden"].dims).toEqual([2, 64]);
    let past: Tensor = zeros();
    for (let position = 0; position < 5; position++) {
      const step = await run([a[position], b[position]], past);
      expect(step.log_probs.dims).toEqual([2, 1, V]);
      past = step["present.hidden"] as Tensor;
      const beginnings = Int32Array.from([...a.slice(0, position + 1), ...b.slice(0, position + 1)]);
      const expected = lastLogProbs(network, weights, beginnings, 2);
      const rows = step.log_probs.data as Float32Array;
      const inOnePass = whole.log_probs.data as Float32Array;
      for (let i = 0; i < 2 * V; i++) {
        expect(Math.abs(rows[i] - expected[i])).toBeLessThan(1e-5);
        const [word, token] = [Math.floor(i / V), i % V];
        expect(Math.abs(rows[i] - inOnePass[(word * 5 + position) * V + token])).toBeLessThan(1e-5);
      }
    }
    expect(past.data).toEqual(whole["present.hidden"].data);
    const readBack = readParameters(onnx);
    for (const [name, { shape, values }] of Object.entries(parameters)) {
      expect(readBack[name]).toEqual({ shape, values });
    }
    const path = join(await temporaryDirectory(), "rnn.onnx");
    await writeFile(path, onnx);
    const check = "import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)";
    if (spawnSync("/usr/bin/python3", ["-c", "import onnx"]).status === 0) {
      expect(spawnSync("/usr/bin/python3", ["-c", check, path], { encoding: "utf8" }).stderr).toBe("");
    }
  });

  test("is trained and read back like any architecture, with its states on its card", async () => {
    const directory = await temporaryDirectory();
    const options = {
      ...settings,
      steps: 20,
      name: "rnn",
      schedule: "constant",
      data: "",
      architecture: "rnn",
    } as const;
    const hyperparameters = { embedding: 8, hidden: 64 };
    const where = { seed: 42, out: directory, checkpoints: directory };
    const { file } = await train(corpus, { ...options, ...where, hyperparameters });
    expect(file).toMatch(/rnn-[0-9a-f]{8}\.onnx$/);
    const stored = await loadModel(directory, "rnn");
    expect(stored.card).toMatchObject({
      context_length: null,
      states: [{ name: "hidden", type: "float32", shape: ["batch", 64] }],
      training: { steps: 20, batch_size: 32, backend: "tensorflow" },
    });
    // The card's is the fused evaluation.
    expect(evaluate(stored.network, mapValues(stored.parameters, toTensor), examples.dev)).toBeCloseTo(
      stored.card.nll.dev!,
      6,
    );
    const growing = { name: "0.key", type: "float32", shape: ["batch", 4, "past", 16] };
    expect(modelCardSchema().parse({ ...stored.card, states: [growing] }).states).toEqual([growing]);
    const unknownAxis = { ...growing, shape: ["time"] };
    expect(() => modelCardSchema().parse({ ...stored.card, states: [unknownAxis] })).toThrow();
  });
});
