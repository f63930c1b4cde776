import { DistributionCache } from "../../../shared/distribution_cache/distribution_cache.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { sample } from "../../../shared/sampling.ts";
import { Vocabulary } from "../../../shared/vocabulary.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { mlp } from "../../../trainer/architectures/mlp.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { readList } from "../../../trainer/list_file.ts";
import { evaluate } from "../../../trainer/evaluation.ts";
import { makeExamples, WindowExamples } from "../../../trainer/examples.ts";
import { fit, initialState } from "../../../trainer/fit.ts";
import { exportOnnx } from "../../../trainer/onnx/export.ts";
import { mapValues, parameterCount, toTensor } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { tensorFlowModel } from "../../../trainer/tensorflow_model.ts";
import { UNTRAINED_NAMES } from "../../notebook_figures.ts";
import { describeWithNames } from "../../notebook_names.ts";

beforeAll(startTensorFlow);

const alphabet = new Vocabulary("abcdefghijklmnopqrstuvwxyz");

/** The notebook's network, as its generator seeded 42 draws it. */
function notebookNetwork() {
  const network = buildNetwork(mlp, { context: 3, embedding: 10, hidden: 200 }, 27);
  const parameters = network.initialise(new TorchGenerator(42));
  const weights = mapValues(parameters, toTensor);
  return { network, parameters, weights, model: tensorFlowModel(network, weights) };
}

describe("mlp", () => {
  test.each([[2, 100, 3481], [2, 300, 10_281], [10, 200, 11_897]])(
    "with embedding %i and hidden %i has the notebooks' %i parameters",
    (embedding, hidden, count) => {
      const network = buildNetwork(mlp, { context: 3, embedding, hidden }, 27);
      expect(parameterCount(network.initialise(new TorchGenerator(1)))).toBe(count);
    },
  );

  test.each(
    [
      [{ norm: "running" }, 12_297],
      [{ norm: "calibrated", bias: false }, 12_097],
      [{ direct: true }, 11_897 + 30 * 27],
      [{ context: 8, embedding: 16, hidden: 256, norm: "calibrated", bias: false }, 40_651],
    ] as const,
  )("%j has %i parameters, without buffers", (hyperparameters, count) => {
    const network = buildNetwork(mlp, hyperparameters, 27);
    expect(parameterCount(network.initialise(new TorchGenerator(1)), network.buffers)).toBe(count);
  });

  test("plain, begins at the notebook's loss on its first five words", () => {
    const network = buildNetwork(mlp, { embedding: 2, hidden: 100, init: "plain" }, 27);
    const parameters = network.initialise(new TorchGenerator(2147483647));
    const words = ["emma", "olivia", "ava", "isabella", "sophia"].map((word) => alphabet.encode(word));
    const loss = evaluate(network, mapValues(parameters, toTensor), new WindowExamples(words, 3));
    expect(loss.toFixed(4)).toBe("17.7697");
  });

  test("cannot be exported before its normalization has been measured", () => {
    const network = buildNetwork(mlp, { norm: "running" }, 27);
    const description = { name: "a", architecture: "mlp", vocabulary: alphabet, devNll: 3 };
    expect(() => exportOnnx(network, network.initialise(new TorchGenerator(1)), description)).toThrow(
      "have not been measured",
    );
  });

  test("untrained, makes the notebook's twenty names", async () => {
    const { model } = notebookNetwork();
    const names = await sample(new DistributionCache(model), alphabet, {
      n: 20,
      seed: 42,
      minLength: 0,
      draws: "torch",
    });
    expect(names.map(({ name }) => name)).toEqual(UNTRAINED_NAMES);
  });

  test("begins near the loss of a uniform guess, ln 27", async () => {
    const { model } = notebookNetwork();
    const { logProbs: row } = await model.step(new Int32Array(3), 1, []);
    for (const logProb of row) expect(Math.abs(logProb + Math.log(27))).toBeLessThan(0.5);
  });
});

describeWithNames("mlp on the notebook's list", (path) => {
  test("begins at the notebook's losses, and goes with it for 10,000 steps", async () => {
    const corpus = makeCorpus(await readList(path));
    const examples = makeExamples(corpus, 3);
    const { network, parameters, weights } = notebookNetwork();
    expect(evaluate(network, weights, examples.train)).toBeCloseTo(3.2980921268463135, 5);
    expect(evaluate(network, weights, examples.dev)).toBeCloseTo(3.2999227046966553, 5);

    // A second generator seeded 42 draws the twenty names, 27 doubles a character, and goes on to the
    // mini-batches.
    const generator = new TorchGenerator(42);
    const doubles = 27 * UNTRAINED_NAMES.reduce((sum, name) => sum + name.length + 1, 0);
    for (let i = 0; i < doubles; i++) generator.uniformDouble();
    const printed = new Map<number, string>();
    await fit(
      network,
      examples,
      { steps: 10_001, batch: 32, lr: 0.1, schedule: "constant", optimizer: "sgd" },
      initialState(network, parameters, generator, { optimizer: "sgd" }),
      { onStep: (step, loss) => step % 10_000 === 0 && printed.set(step, loss.toFixed(4)) },
    );
    expect(Object.fromEntries(printed)).toEqual({ 0: "3.2844", 10_000: "2.0816" });
  });
});
