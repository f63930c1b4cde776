import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork, type Hyperparameters, type TrainedNetwork } from "../../../trainer/architecture.ts";
import { findArchitecture } from "../../../trainer/architectures/all.ts";
import type { Backend } from "../../../trainer/backend.ts";
import { backends, chooseBackend } from "../../../trainer/backends/all.ts";
import { fusedBackend } from "../../../trainer/backends/fused.ts";
import { dropoutKey, dropoutMask } from "../../../trainer/dropout.ts";
import { type Batch, examplesOf } from "../../../trainer/examples.ts";
import { fit, type FitSettings, initialState } from "../../../trainer/fit.ts";
import { type OptimizerName, optimizers } from "../../../trainer/optimizers.ts";
import type { Parameters } from "../../../trainer/parameters.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "./compare_backends.ts";

beforeAll(startTensorFlow);

const V = 14;
const generator = new TorchGenerator(3);
const words = Array.from(
  { length: 60 },
  () => [...generator.randint(V - 1, generator.randint(12, 1)[0])].map((token) => token + 1),
);

/** Small networks of every architecture that has dropout. */
const NETWORKS: Record<string, [architecture: string, hyperparameters: Hyperparameters]> = {
  "an MLP": ["mlp", { embedding: 3, hidden: 10 }],
  "an MLP with batch normalization and direct connections": [
    "mlp",
    { embedding: 3, hidden: 10, norm: "running", bias: false, direct: true },
  ],
  "a bag of words": ["bow", { embedding: 8, hidden: 10 }],
  "a WaveNet": ["wavenet", { layers: 2, embedding: 6, hidden: 10 }],
  "a tree of convolutions": ["wavenet", { layers: 2, embedding: 6, hidden: 10, tree: true }],
  "an RNN": ["rnn", { embedding: 3, hidden: 10 }],
  "a GRU": ["gru", { embedding: 3, hidden: 10 }],
  "a GRU with tied weights": ["gru", { embedding: 10, hidden: 10, tie: true }],
  "an LSTM": ["lstm", { embedding: 3, hidden: 10 }],
  "a Transformer": ["transformer", { layers: 2, heads: 2, embedding: 16, positions: 7 }],
};

function networkOf(title: string): TrainedNetwork {
  const [architecture, hyperparameters] = NETWORKS[title];
  return buildNetwork(findArchitecture(architecture), hyperparameters, V) as TrainedNetwork;
}

/** Random mini-batches of several sizes; those of windows have enough for the statistics of batch normalization. */
function miniBatches(network: TrainedNetwork, steps: number): Batch[] {
  const examples = examplesOf(words, network.contextLength);
  const sizes = network.contextLength === null ? [5, 2, 33, 4, 70, 9, 1] : [50, 33, 70];
  return Array.from(
    { length: steps },
    (_, step) => examples.batch(generator.randint(examples.count, sizes[step % sizes.length])),
  );
}

const FUSED = Object.keys(NETWORKS).filter((title) => networkOf(title).planStep);

describe.each(FUSED)("%s with dropout goes the way of tensorflow when fused", (title) => {
  test.each(Object.keys(optimizers) as OptimizerName[])("with %s", async (optimizer) => {
    const network = networkOf(title);
    const settings = { optimizer, weightDecay: 0.01, dropout: 0.3, seed: 7 };
    const parameters = network.initialise(generator);
    const outcomes = await compareBackends(network, parameters, miniBatches(network, 50), settings);
    // The biases of keys change nothing; Adam makes whole steps of the rounding that is their gradient.
    for (const { state } of Object.values(outcomes)) forgetKeyBiases(state.parameters);
    expectSameSteps(outcomes);
  });

  test("without relaxed SIMD", async () => {
    const network = networkOf(title);
    const settings = { optimizer: "sgd", dropout: 0.3, seed: 7 } as const;
    const ours = fusedBackend(false);
    expectSameSteps(
      await compareBackends(network, network.initialise(generator), miniBatches(network, 20), settings, ours),
    );
  });
});

function forgetKeyBiases(parameters: Parameters): void {
  for (const [name, { values }] of Object.entries(parameters)) {
    if (name.endsWith(".qkv.bias")) values.fill(0, values.length / 3, (values.length / 3) * 2);
  }
}

describe.each(Object.keys(NETWORKS))("Dropout of %s", (title) => {
  const network = networkOf(title);
  const parameters = network.initialise(new TorchGenerator(5));
  const [batch] = miniBatches(network, 1);

  /** The loss of one step from these parameters. */
  async function loss(backend: Backend, settings: { dropout?: number; seed?: number }, step = 0) {
    const state = initialState(network, parameters, new TorchGenerator(1), { optimizer: "sgd" });
    const session = await backend.start(network, state, { optimizer: "sgd", ...settings });
    const result = session.step(batch, 0.1, step);
    session.dispose();
    return result;
  }

  const ways = network.planStep ? (["tensorflow", "fused"] as const) : (["tensorflow"] as const);
  test.each(ways)("depends on seed and step, and a share of 0 on nothing, with %s", async (name) => {
    const backend = backends[name];
    const plain = await loss(backend, {});
    const dropped = await loss(backend, { dropout: 0.3, seed: 7 });
    expect(dropped).not.toBe(plain);
    expect(await loss(backend, { dropout: 0.3, seed: 7 })).toBe(dropped);
    expect(await loss(backend, { dropout: 0.3, seed: 8 })).not.toBe(dropped);
    expect(await loss(backend, { dropout: 0.3, seed: 7 }, 1)).not.toBe(dropped);
    expect(await loss(backend, { dropout: 0, seed: 8 }, 1)).toBe(plain);
  });
});

test.each(["tensorflow", "fused"] as const)(
  "a run resumes with the same elements, with %s",
  async (backend) => {
    const network = networkOf("a GRU");
    const examples = { train: examplesOf(words, null), dev: examplesOf(words.slice(0, 9), null) };
    const settings: FitSettings = {
      steps: 12,
      batch: 8,
      lr: 0.1,
      schedule: "constant",
      optimizer: "adam",
      dropout: 0.3,
      seed: 7,
      backend,
    };
    const begin = initialState(network, network.initialise(generator), generator, settings);
    const whole = await fit(network, examples, settings, begin);
    const stop = new AbortController();
    const half = await fit(network, examples, settings, begin, {
      signal: stop.signal,
      onStep: (step) => step === 4 && stop.abort(),
    });
    expect(half.step).toBe(5);
    expect((await fit(network, examples, settings, half)).parameters).toEqual(whole.parameters);
  },
);

describe("The mask of dropout", () => {
  test("sets its share of elements to zero, and scales the others so that the mean stays", () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const mask = dropoutMask({ share, seed: 3 }, dropoutKey({ share, seed: 3 }, 0, 0), 300, 300);
      const zeros = mask.filter((value) => value === 0).length;
      const deviation = Math.sqrt(share * (1 - share) / mask.length);
      expect(Math.abs(zeros / mask.length - share)).toBeLessThan(5 * deviation);
      for (const value of mask) expect([0, Math.fround(1 / (1 - share))]).toContain(value);
    }
  });

  test("differs in each row, column, layer, step and seed, without a correlation between neighbours", () => {
    const [rows, columns] = [200, 200];
    const maskOf = (seed: number, step: number, layer: number) => {
      const dropout = { share: 0.5, seed };
      return dropoutMask(dropout, dropoutKey(dropout, step, layer), rows, columns);
    };
    const mask = maskOf(1, 5, 0);
    const n = rows * columns;
    const others = {
      column: mask.map((_, i) => mask[(i + 1) % n]),
      row: mask.map((_, i) => mask[(i + columns) % n]),
      layer: maskOf(1, 5, 1),
      step: maskOf(1, 6, 0),
      seed: maskOf(2, 5, 0),
      "high bits of the seed": maskOf(1 + 2 ** 32, 5, 0),
    };
    for (const [name, other] of Object.entries(others)) {
      const equal = mask.reduce((sum, value, i) => sum + Number(value === other[i]), 0);
      expect(Math.abs(equal / n - 0.5), name).toBeLessThan(5 * 0.5 / Math.sqrt(n));
    }
  });
});

test("Dropout is refused by networks that have none, and trains fused where there is a plan", () => {
  const settings = { batch: 32, optimizer: "sgd", dropout: 0.1 } as const;
  const none = buildNetwork(findArchitecture("bigram-network"), {}, V) as TrainedNetwork;
  expect(() => chooseBackend("auto", none, settings)).toThrow(
    "Cannot train with dropout 0.1: this architecture has no dropout",
  );
  expect(chooseBackend("auto", none, { ...settings, dropout: 0 })).toBe("tensorflow");
  expect(chooseBackend("auto", networkOf("a GRU"), settings)).toBe("fused");
  expect(chooseBackend("auto", networkOf("a WaveNet"), settings)).toBe("tensorflow");
});
