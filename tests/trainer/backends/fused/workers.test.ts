import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import { buildNetwork, type TrainedNetwork } from "../../../../trainer/architecture.ts";
import { findArchitecture } from "../../../../trainer/architectures/all.ts";
import { mlp } from "../../../../trainer/architectures/mlp.ts";
import { backends, chooseBackend } from "../../../../trainer/backends/all.ts";
import { fusedKernel } from "../../../../trainer/backends/fused/compile.ts";
import { KernelWorker } from "../../../../trainer/backends/fused/kernel_worker.ts";
import { hasRelaxedSimd } from "../../../../trainer/backends/fused/simd.ts";
import { splitWords } from "../../../../trainer/backends/fused/split_words.ts";
import { type Batch, IGNORED, WordExamples } from "../../../../trainer/examples.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

const V = 14;
const NETWORKS = {
  gru: { embedding: 8, hidden: 10 },
  lstm: { embedding: 10, hidden: 10, tie: true },
  transformer: { layers: 2, heads: 2, embedding: 16, positions: 9 },
};

function build(architecture: keyof typeof NETWORKS): TrainedNetwork {
  return buildNetwork(findArchitecture(architecture), NETWORKS[architecture], V) as TrainedNetwork;
}

function randomWords(generator: TorchGenerator, count: number): number[][] {
  return Array.from(
    { length: count },
    () => [...generator.randint(V - 1, generator.randint(12, 1)[0])].map((token) => token + 1),
  );
}

/** What the backends come to in 20 steps with mini-batches of these sizes in turn. */
function compare(
  architecture: keyof typeof NETWORKS,
  settings: { workers: number; dropout?: number; clip?: number },
  sizes = [33, 4, 70, 5],
) {
  const network = build(architecture);
  const generator = new TorchGenerator(3);
  const parameters = network.initialise(generator);
  const examples = new WordExamples(randomWords(generator, 60));
  const batches = Array.from(
    { length: 20 },
    (_, step) => examples.batch(generator.randint(examples.count, sizes[step % sizes.length])),
  );
  return compareBackends(network, parameters, batches, { optimizer: "momentum", seed: 4, ...settings });
}

describe.each(["gru", "lstm", "transformer"] as const)("The fused %s on several threads", (architecture) => {
  test.each([
    { workers: 2 },
    { workers: 3, clip: 0.5 },
    { workers: 2, dropout: 0.3 },
  ])("goes the way of tensorflow with %o", async (settings) => {
    expectSameSteps(await compare(architecture, settings));
  });

  test("has the same bits every time", async () => {
    const [a, b] = [await compare(architecture, { workers: 3 }), await compare(architecture, { workers: 3 })];
    expect(a.fused).toEqual(b.fused);
  });

  test("leaves threads without work if there are fewer words", async () => {
    expectSameSteps(await compare(architecture, { workers: 3 }, [1, 2, 9]));
  });
});

test("Several threads are refused where they cannot be used, with the reason", () => {
  const settings = { batch: 32, optimizer: "sgd", workers: 2 } as const;
  const windows = buildNetwork(mlp, {}, V);
  expect(chooseBackend("auto", build("gru"), settings)).toBe("fused");
  expect(() => chooseBackend("auto", build("gru"), { ...settings, batch: 1 })).toThrow(
    "Cannot train with 2 workers: a mini-batch of 1 has less than a word for each",
  );
  expect(() => chooseBackend("auto", windows, settings)).toThrow(
    "Cannot train with 2 workers: only mini-batches of whole words are split among workers",
  );
  expect(() => chooseBackend("tensorflow", build("gru"), settings)).toThrow(
    "Cannot train with the backend tensorflow: it has one thread",
  );
  const normalized: TrainedNetwork = {
    ...build("gru"),
    planStep(plan) {
      const x = plan.embedding("C", [V, V], 1);
      return plan.batchNormalization(x, { gain: "gain", shift: "shift", mean: "mean", std: "std" }, 0.1);
    },
  };
  expect(backends.fused.unsupportedReason(normalized, settings)).toBe(
    "batch normalization needs the whole mini-batch",
  );
});

describe("The parts of a mini-batch", () => {
  const rowsOf = ({ tokens, targets, count }: Batch) => {
    const time = tokens.length / count;
    return Array.from({ length: count }, (_, word) => [
      ...tokens.subarray(word * time, (word + 1) * time),
      ...targets.subarray(word * time, (word + 1) * time),
    ]);
  };

  test("have all words, about as many tokens each, and know their places", () => {
    const generator = new TorchGenerator(7);
    const whole = new WordExamples(randomWords(generator, 200)).all();
    for (const count of [1, 2, 3, 7]) {
      const parts = splitWords(whole, count);
      expect(parts).toHaveLength(count);
      expect(parts.flatMap(rowsOf).map(String).sort()).toEqual(rowsOf(whole).map(String).sort());
      const targetCount = whole.targets.filter((target) => target !== IGNORED).length;
      for (const part of parts) {
        expect(part.targetCount).toBe(targetCount);
        expect(part.targets.filter((target) => target !== IGNORED).length).toBeGreaterThan(
          targetCount / count - 15,
        );
        expect([...part.tokens]).toEqual([...part.places].map((place) => whole.tokens[place]));
      }
    }
  });

  test("keep words together that begin alike", () => {
    const words = [[1, 2], [2, 1], [1, 3], [2, 2], [1, 2], [2, 1]];
    const parts = splitWords(new WordExamples(words).all(), 2);
    expect(parts.map((part) => rowsOf(part).map(([, first]) => first))).toEqual([[1, 1, 1], [2, 2, 2]]);
  });

  test("are no more than the words", () => {
    expect(splitWords(new WordExamples([[1], [2]]).all(), 5)).toHaveLength(2);
  });
});

describe("A worker with a kernel", () => {
  const start = async () => KernelWorker.start(await fusedKernel(hasRelaxedSimd(), true));

  test("makes more calls than it can note down at once, in order", async () => {
    const worker = await start();
    const { kernel } = worker;
    const { memory, heapBase } = kernel;
    const address = Math.ceil(heapBase.value / 64) * 64;
    new Float32Array(memory.buffer, address, 8).fill(1);
    // address + 16 = the number of calls, and a sum of squares after each
    for (let i = 0; i < 20_000; i++) kernel.addRow(address + 16, 16, address, 1);
    expect(kernel.sumOfSquares(address, address + 32)).toBeNaN();
    worker.run();
    worker.wait();
    expect(worker.result("sumOfSquares")).toBe(4 + 4 * 20_001 ** 2);
    worker.stop();
  });

  test("says that a call has failed", async () => {
    const worker = await start();
    worker.kernel.addRow(2 ** 32 - 64, 16, 0, 1);
    worker.run();
    expect(() => worker.wait()).toThrow("a worker has failed");
    worker.stop();
  });
});
