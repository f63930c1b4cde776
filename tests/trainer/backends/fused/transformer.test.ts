import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import { buildNetwork } from "../../../../trainer/architecture.ts";
import {
  transformer,
  type TransformerHyperparameters,
} from "../../../../trainer/architectures/transformer.ts";
import { chooseBackend } from "../../../../trainer/backends/all.ts";
import { fusedBackend } from "../../../../trainer/backends/fused.ts";
import { WordExamples } from "../../../../trainer/examples.ts";
import { type OptimizerName, optimizers } from "../../../../trainer/optimizers.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

const OPTIMIZERS = Object.keys(optimizers) as OptimizerName[];

interface Case extends Partial<TransformerHyperparameters> {
  V?: number;
  /** Words in each mini-batch, in turn. */
  batches: number[];
  /** Longest word. */
  longest?: number;
  steps?: number;
}

const CASES: Record<string, Case> = {
  "makemore.py's sizes": { V: 27, batches: [32], steps: 10 },
  "mini-batches that fill no block": { layers: 2, heads: 2, embedding: 16, batches: [5, 2, 33, 4, 70, 9, 1] },
  "the smallest sizes": { layers: 1, heads: 1, embedding: 8, V: 2, batches: [1] },
  "heads of four numbers": { layers: 1, heads: 4, embedding: 16, batches: [3] },
  "words of one letter or none": { layers: 1, heads: 2, embedding: 16, batches: [3], longest: 1 },
  "tied weights": { layers: 2, heads: 2, embedding: 16, tie: true, batches: [5, 2, 33] },
  "words that are longer than the positions": {
    layers: 2,
    heads: 2,
    embedding: 16,
    positions: 7,
    batches: [3],
    longest: 60,
  },
};

/** What the backends come to with random words. */
function compare(
  { V = 14, batches, longest = 12, steps = 50, ...hyperparameters }: Case,
  optimizer: OptimizerName,
  relaxed = true,
) {
  const network = buildNetwork(transformer, hyperparameters, V);
  const generator = new TorchGenerator(3);
  const parameters = network.initialise(generator);
  const words = Array.from(
    { length: 60 },
    () => [...generator.randint(V - 1, generator.randint(longest + 1, 1)[0])].map((token) => token + 1),
  );
  const examples = new WordExamples(words);
  const miniBatches = Array.from(
    { length: steps },
    (_, step) => examples.batch(generator.randint(words.length, batches[step % batches.length])),
  );
  return compareBackends(
    network,
    parameters,
    miniBatches,
    { optimizer, weightDecay: 0.01 },
    fusedBackend(relaxed),
  );
}

/**
 * Without the biases of the keys, which change nothing: softmax takes away what all scores of a query have in common. Their
 * gradient is rounding alone, of which Adam makes whole steps.
 */
function withoutKeyBiases(outcomes: Awaited<ReturnType<typeof compare>>): typeof outcomes {
  for (const { state: { parameters } } of Object.values(outcomes)) {
    for (const [name, { values }] of Object.entries(parameters)) {
      if (name.endsWith(".qkv.bias")) values.fill(0, values.length / 3, (values.length / 3) * 2);
    }
  }
  return outcomes;
}

describe.each(OPTIMIZERS)("The fused Transformer with %s goes the way of tensorflow", (optimizer) => {
  test.each(Object.entries(CASES))("with %s", async (_title, settings) => {
    const outcomes = await compare(settings, optimizer);
    expectSameSteps(optimizer.startsWith("adam") ? withoutKeyBiases(outcomes) : outcomes);
  });
});

test("The fused Transformer needs no relaxed SIMD", async () => {
  expectSameSteps(await compare(CASES["mini-batches that fill no block"], "sgd", false));
});

test("A Transformer whose rows or heads are no whole vectors is left to tensorflow", () => {
  const settings = { batch: 32, optimizer: "sgd" } as const;
  const choice = (sizes: Partial<TransformerHyperparameters>) =>
    chooseBackend("auto", buildNetwork(transformer, sizes, 27), settings);
  expect(choice({ heads: 2, embedding: 8 })).toBe("fused");
  expect(choice({ heads: 4, embedding: 8 })).toBe("tensorflow");
  expect(choice({ heads: 1, embedding: 12 })).toBe("tensorflow");
});
