import { beforeAll, describe, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import { buildNetwork, type TrainedNetwork } from "../../../../trainer/architecture.ts";
import { findArchitecture } from "../../../../trainer/architectures/all.ts";
import { fusedBackend } from "../../../../trainer/backends/fused.ts";
import { WordExamples } from "../../../../trainer/examples.ts";
import { type OptimizerName, optimizers } from "../../../../trainer/optimizers.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

interface Case {
  embedding: number;
  hidden: number;
  tie?: boolean;
  V?: number;
  /** Words in each mini-batch, in turn. */
  batches: number[];
  /** Longest word. */
  longest?: number;
  /** Mini-batches. */
  steps?: number;
}

const CASES: Record<string, Case> = {
  "makemore.py's sizes": { embedding: 64, hidden: 64, V: 27, batches: [32] },
  "sizes that fill no block": { embedding: 3, hidden: 10, batches: [5, 2, 33, 4, 70, 9, 1] },
  "sizes that fill every block": { embedding: 8, hidden: 16, V: 24, batches: [8] },
  "the smallest sizes": { embedding: 1, hidden: 1, V: 2, batches: [1] },
  "words of one letter or none": { embedding: 3, hidden: 5, batches: [3], longest: 1 },
  "tied weights": { embedding: 10, hidden: 10, tie: true, batches: [5, 2, 33] },
  "tied weights of the smallest sizes": { embedding: 1, hidden: 1, tie: true, V: 2, batches: [1] },
  "long words": { embedding: 3, hidden: 5, batches: [3], longest: 60, steps: 10 }, // each takes long
};

/** What the backends come to with an architecture and random words. */
function compare(
  architecture: string,
  { embedding, hidden, tie, V = 14, batches, longest = 12, steps = 50 }: Case,
  optimizer: OptimizerName,
  relaxed = true,
) {
  const network = buildNetwork(
    findArchitecture(architecture),
    { embedding, hidden, tie },
    V,
  ) as TrainedNetwork;
  const generator = new TorchGenerator(3);
  const parameters = network.initialise(generator);
  for (const [name, { values }] of Object.entries(parameters)) {
    if (name.startsWith("start")) values.set(generator.randn(values.length).map((value) => 0.5 * value));
  }
  const words = Array.from(
    { length: 60 },
    () => [...generator.randint(V - 1, generator.randint(longest + 1, 1)[0])].map((token) => token + 1),
  );
  const examples = new WordExamples(words);
  const miniBatches = Array.from(
    { length: steps },
    (_, step) => examples.batch(generator.randint(words.length, batches[step % batches.length])),
  );
  const settings = { optimizer, weightDecay: 0.01 };
  return compareBackends(network, parameters, miniBatches, settings, fusedBackend(relaxed));
}

/** The GRU is tried with every optimizer, the others with one that adapts and one that does not. */
const OPTIMIZERS_OF: Record<string, OptimizerName[]> = {
  gru: Object.keys(optimizers) as OptimizerName[],
  rnn: ["sgd", "adamw"],
  lstm: ["sgd", "adamw"],
};

describe.each(Object.entries(OPTIMIZERS_OF))("The fused %s", (architecture, choices) => {
  describe.each(choices)("with %s goes the way of tensorflow", (optimizer) => {
    test.each(Object.entries(CASES))("with %s", async (_title, settings) => {
      expectSameSteps(await compare(architecture, settings, optimizer));
    });
  });

  test("goes the same way without relaxed SIMD", async () => {
    expectSameSteps(await compare(architecture, CASES["sizes that fill no block"], "sgd", false));
  });
});
