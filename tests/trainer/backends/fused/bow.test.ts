import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import { buildNetwork } from "../../../../trainer/architecture.ts";
import { bow, type BowHyperparameters } from "../../../../trainer/architectures/bow.ts";
import { chooseBackend } from "../../../../trainer/backends/all.ts";
import { fusedBackend } from "../../../../trainer/backends/fused.ts";
import { WordExamples } from "../../../../trainer/examples.ts";
import { type OptimizerName, optimizers } from "../../../../trainer/optimizers.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

interface Case extends Partial<BowHyperparameters> {
  V?: number;
  /** Words in each mini-batch, in turn. */
  batches: number[];
  /** Longest word. */
  longest?: number;
}

const CASES: Record<string, Case> = {
  "makemore.py's sizes": { V: 27, batches: [32] },
  "mini-batches that fill no block": { embedding: 16, hidden: 10, batches: [5, 2, 33, 4, 70, 9, 1] },
  // Fewer words would make losses of 0.01, whose last digits are the rounding of logits near 10.
  "words of one letter or none": { embedding: 8, hidden: 5, batches: [33], longest: 1 },
  "words that are longer than the positions": {
    embedding: 8,
    hidden: 5,
    positions: 7,
    batches: [3],
    longest: 60,
  },
  "tied weights": { embedding: 16, hidden: 10, tie: true, batches: [5, 2, 33] },
};

function compare(
  { V = 14, batches, longest = 12, ...hyperparameters }: Case,
  optimizer: OptimizerName,
  relaxed = true,
) {
  const network = buildNetwork(bow, hyperparameters, V);
  const generator = new TorchGenerator(3);
  const parameters = network.initialise(generator);
  const words = Array.from(
    { length: 60 },
    () => [...generator.randint(V - 1, generator.randint(longest + 1, 1)[0])].map((token) => token + 1),
  );
  const examples = new WordExamples(words);
  const miniBatches = Array.from(
    { length: 50 },
    (_, step) => examples.batch(generator.randint(words.length, batches[step % batches.length])),
  );
  const settings = { optimizer, weightDecay: 0.01 };
  return compareBackends(network, parameters, miniBatches, settings, fusedBackend(relaxed));
}

describe.each(Object.keys(optimizers) as OptimizerName[])("The fused bag of words with %s", (optimizer) => {
  test.each(Object.entries(CASES))("goes the way of tensorflow with %s", async (_title, settings) => {
    expectSameSteps(await compare(settings, optimizer));
  });
});

test("The fused bag of words needs no relaxed SIMD", async () => {
  expectSameSteps(await compare(CASES["mini-batches that fill no block"], "sgd", false));
});

test("A bag of words whose embeddings are no whole blocks is left to tensorflow", () => {
  const choice = (embedding: number) =>
    chooseBackend("auto", buildNetwork(bow, { embedding }, 27), { batch: 32, optimizer: "sgd" });
  expect(choice(16)).toBe("fused");
  expect(choice(12)).toBe("tensorflow");
});
