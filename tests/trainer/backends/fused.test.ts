import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { TorchGenerator } from "../../../shared/random/torch.ts";
import { buildNetwork } from "../../../trainer/architecture.ts";
import { bigramNetwork } from "../../../trainer/architectures/bigram_network.ts";
import { mlp, type MlpHyperparameters } from "../../../trainer/architectures/mlp.ts";
import type { Backend } from "../../../trainer/backend.ts";
import { backends, chooseBackend } from "../../../trainer/backends/all.ts";
import { fusedBackend } from "../../../trainer/backends/fused.ts";
import { makeCorpus } from "../../../trainer/corpus.ts";
import { readList } from "../../../trainer/list_file.ts";
import { type Batch, makeExamples } from "../../../trainer/examples.ts";
import {
  fit,
  type FitHooks,
  type FitSettings,
  initialState,
  type TrainingState,
} from "../../../trainer/fit.ts";
import { type OptimizerName, optimizers } from "../../../trainer/optimizers.ts";
import { startTensorFlow } from "../../../trainer/tensorflow.ts";
import { UNTRAINED_NAMES } from "../../notebook_figures.ts";
import { describeWithNames } from "../../notebook_names.ts";
import { compareBackends, difference, expectSameSteps, LEARNING_RATES } from "./compare_backends.ts";

beforeAll(startTensorFlow);

const OPTIMIZERS = Object.keys(optimizers) as OptimizerName[];
/** A network with its sizes, and how it is trained. */
interface Case {
  hyperparameters: Partial<MlpHyperparameters>;
  vocabularySize?: number;
  batch?: number;
  weightDecay?: number;
}

const SMALL = { context: 2, embedding: 3, hidden: 10 };
const CASES: Record<string, Case> = {
  "the notebook's sizes": { hyperparameters: {}, vocabularySize: 27, batch: 32 },
  "sizes that fill no block": { hyperparameters: SMALL },
  "sizes that fill every block": {
    hyperparameters: { context: 4, embedding: 4, hidden: 16 },
    vocabularySize: 24,
    batch: 8,
  },
  "the smallest sizes": {
    hyperparameters: { context: 1, embedding: 1, hidden: 1 },
    vocabularySize: 2,
    batch: 1,
  },
  "plain initial weights": { hyperparameters: { ...SMALL, init: "plain" } },
  "no bias": { hyperparameters: { ...SMALL, bias: false } },
  "direct connections": { hyperparameters: { ...SMALL, direct: true } },
  "running statistics, no bias": { hyperparameters: { ...SMALL, norm: "running", bias: false } },
  "calibrated statistics, no bias": { hyperparameters: { ...SMALL, norm: "calibrated", bias: false } },
  "weight decay": { hyperparameters: SMALL, weightDecay: 0.1 },
  "everything": {
    hyperparameters: { context: 3, embedding: 5, hidden: 21, norm: "running", bias: false, direct: true },
    vocabularySize: 33,
    batch: 19,
    weightDecay: 0.01,
  },
};

/** What the backends come to with an MLP and random windows. */
function compare(
  { hyperparameters, vocabularySize = 14, batch = 7, weightDecay }: Case,
  optimizer: OptimizerName,
  steps: number,
  ours?: Backend,
) {
  const network = buildNetwork(mlp, hyperparameters, vocabularySize);
  const generator = new TorchGenerator(3);
  const parameters = network.initialise(generator);
  const batches = Array.from({ length: steps }, (): Batch => ({
    tokens: generator.randint(vocabularySize, batch * network.contextLength!),
    targets: generator.randint(vocabularySize, batch),
    count: batch,
  }));
  return compareBackends(network, parameters, batches, { optimizer, weightDecay }, ours);
}

describe("fused", () => {
  describe.each(OPTIMIZERS)("with %s goes the way of tensorflow", (optimizer) => {
    test.each(Object.entries(CASES))("with %s", async (_title, settings) => {
      expectSameSteps(await compare(settings, optimizer, 100));
    });
  });

  test("agrees on a batch-normalized bias too, which the loss does not depend on", async () => {
    const settings = { hyperparameters: { ...SMALL, norm: "running" } } as const;
    const { tensorflow, fused } = await compare(settings, "sgd", 100);
    expect(fused.losses.at(-1)).toBeCloseTo(tensorflow.losses.at(-1)!, 5);
    expect(difference(fused.state.parameters, tensorflow.state.parameters)).toBeLessThan(1e-4);
  });

  test.each([true, false])(
    "goes the same way with multiplications and additions in one: %s",
    async (relaxed) => {
      const settings = { hyperparameters: { ...SMALL, norm: "running", bias: false } } as const;
      const { tensorflow, fused } = await compare(settings, "adam", 100, fusedBackend(relaxed));
      expect(fused.losses).toHaveLength(100);
      fused.losses.forEach((loss, step) => expect(loss).toBeCloseTo(tensorflow.losses[step], 5));
    },
  );

  test("takes mini-batches of any size, one after the other", async () => {
    const network = buildNetwork(mlp, { ...SMALL, norm: "running" }, 14);
    const generator = new TorchGenerator(5);
    const begin = initialState(network, network.initialise(generator), generator, { optimizer: "sgd" });
    const batches = [5, 2, 33, 4, 70, 9].map((count): Batch => ({
      tokens: generator.randint(14, count * 2),
      targets: generator.randint(14, count),
      count,
    }));
    const [ours, theirs] = await Promise.all((["fused", "tensorflow"] as const).map(async (name) => {
      const session = await backends[name].start(network, begin, { optimizer: "sgd" });
      return batches.map((examples, step) => session.step(examples, 0.1, step));
    }));
    ours.forEach((loss, i) => expect(loss).toBeCloseTo(theirs[i], 5));
  });

  test("returns the state that it began with", async () => {
    const network = buildNetwork(mlp, { ...SMALL, norm: "running", direct: true }, 14);
    const generator = new TorchGenerator(5);
    const begin = initialState(network, network.initialise(generator), generator, { optimizer: "adam" });
    for (const tensors of Object.values(begin.optimizerState)) {
      for (const { values } of tensors) values.set(generator.rand(values.length));
    }
    const { parameters, optimizerState } = begin;
    const session = await backends.fused.start(network, begin, { optimizer: "adam" });
    expect(session.state()).toEqual({ parameters, optimizerState });
  });

  test.each([1e-3, 1, 10, 88, 1e4])("has the loss of logits around %f", async (size) => {
    const network = buildNetwork(mlp, { ...SMALL, init: "plain" }, 14);
    const generator = new TorchGenerator(11);
    const parameters = network.initialise(generator);
    for (const { values } of Object.values(parameters)) {
      values.forEach((value, i) => values[i] = value * size);
    }
    const begin = initialState(network, parameters, generator, { optimizer: "sgd" });
    const examples = { tokens: generator.randint(14, 40), targets: generator.randint(14, 20), count: 20 };
    const [ours, theirs] = await Promise.all((["fused", "tensorflow"] as const).map(async (name) => {
      const session = await backends[name].start(network, begin, { optimizer: "sgd" });
      return session.step(examples, 0.1, 0);
    }));
    expect(ours / theirs).toBeCloseTo(1, 5);
  });
});

describe("fit with fused", () => {
  const words = "anna hanna johanna annabel isabel belinda linda melinda amanda miranda".split(" ");
  const corpus = makeCorpus({
    name: "words",
    lines: Array.from({ length: 100 }, (_, i) => words[i % 10]),
    bytes: new Uint8Array(),
    sha256: "",
  });
  const examples = makeExamples(corpus, 2);
  const V = corpus.vocabulary.size;
  const network = buildNetwork(mlp, { context: 2, embedding: 4, hidden: 8, norm: "running" }, V);

  function run(optimizer: OptimizerName, state?: TrainingState, hooks?: FitHooks): Promise<TrainingState> {
    const settings: FitSettings = {
      steps: 100,
      batch: 8,
      lr: LEARNING_RATES[optimizer],
      schedule: "cosine",
      optimizer,
      backend: "fused",
    };
    const generator = new TorchGenerator(7);
    const begin = state ?? initialState(network, network.initialise(generator), generator, settings);
    return fit(network, examples, settings, begin, hooks);
  }

  test.each(OPTIMIZERS)("the same seed ends at the same bits, with %s", async (optimizer) => {
    expect(await run(optimizer)).toEqual(await run(optimizer));
  });

  test.each(OPTIMIZERS)(
    "broken and gone on with, ends as the unbroken run does, with %s",
    async (optimizer) => {
      const unbroken = await run(optimizer);
      for (const at of [1, 37, 99]) {
        const stop = new AbortController();
        const broken = await run(optimizer, undefined, {
          onStep: (step) => step === at - 1 && stop.abort(),
          signal: stop.signal,
        });
        expect(broken.step).toBe(at);
        expect(await run(optimizer, broken)).toEqual(unbroken);
      }
    },
  );

  test("stops where the loss is no number", async () => {
    const generator = new TorchGenerator(7);
    const settings = { steps: 100, batch: 8, lr: 1e38, optimizer: "sgd", backend: "fused" } as const;
    const begin = initialState(network, network.initialise(generator), generator, settings);
    await expect(fit(network, examples, { ...settings, schedule: "constant" }, begin))
      .rejects.toThrow(/loss of step \d+ is .*smaller learning rate/);
  });
});

describe("chooseBackend", () => {
  const settings = { batch: 32, optimizer: "sgd" } as const;
  const network = buildNetwork(mlp, {}, 27);

  test("takes the fused step where it can, and tensorflow where not", () => {
    const note = silenceErrors();
    const other = buildNetwork(bigramNetwork, {}, 27);
    expect(chooseBackend("auto", network, settings)).toBe("fused");
    expect(chooseBackend("tensorflow", network, settings)).toBe("tensorflow");
    expect(chooseBackend("auto", other, settings)).toBe("tensorflow");
    expect(note).not.toHaveBeenCalled();
    expect(() => chooseBackend("fused", other, settings)).toThrow("this architecture has no fused step");
  });

  test.each(
    [
      ["all examples at once", { ...settings, batch: "all" }, true],
      ["no SIMD", settings, false],
    ] as const,
  )("says why it takes tensorflow instead: %s", (reason, settings, simd) => {
    if (!simd) {
      const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
      onTestFinished(() => validate.mockRestore());
    }
    const note = silenceErrors();
    expect(chooseBackend("auto", network, settings)).toBe("tensorflow");
    expect(note).toHaveBeenCalledWith(expect.stringContaining(reason));
  });

  test("leaves a network that is larger than its memory to tensorflow", () => {
    const large = buildNetwork(mlp, { context: 64, embedding: 1024, hidden: 8192 }, 27);
    expect(() => chooseBackend("fused", large, settings)).toThrow(/it has no room for \d+ GiB/);
  });
});

/** Keeps what the test makes the code say from the console. */
function silenceErrors() {
  const spy = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => spy.mockRestore());
  return spy;
}

describeWithNames("fused on the notebook's list", (path) => {
  test("goes with the notebook for 20,000 steps", async () => {
    const corpus = makeCorpus(await readList(path));
    const network = buildNetwork(mlp, {}, 27);
    const generator = new TorchGenerator(42);
    const doubles = 27 * UNTRAINED_NAMES.reduce((sum, name) => sum + name.length + 1, 0);
    for (let i = 0; i < doubles; i++) generator.uniformDouble();
    const printed: string[] = [];
    await fit(
      network,
      makeExamples(corpus, 3),
      { steps: 20_001, batch: 32, lr: 0.1, schedule: "constant", optimizer: "sgd", backend: "fused" },
      initialState(network, network.initialise(new TorchGenerator(42)), generator, { optimizer: "sgd" }),
      { onStep: (step, loss) => step % 10_000 === 0 && printed.push(loss.toFixed(4)) },
    );
    expect(printed).toEqual(["3.2844", "2.0816", "2.3091"]);
  });
});
