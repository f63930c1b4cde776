import { beforeAll, describe, expect, test } from "vitest";
import { memory } from "@tensorflow/tfjs";
import { buildNetwork } from "../../trainer/architecture.ts";
import { mlp } from "../../trainer/architectures/mlp.ts";
import { type Corpus, makeCorpus } from "../../trainer/corpus.ts";
import { makeExamples } from "../../trainer/examples.ts";
import {
  fit,
  type FitHooks,
  type FitSettings,
  initialState,
  resultOf,
  type TrainingState,
} from "../../trainer/fit.ts";
import type { Parameters } from "../../trainer/parameters.ts";
import { type OptimizerName, optimizers } from "../../trainer/optimizers.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";
import { TorchGenerator } from "../../shared/random/torch.ts";

beforeAll(startTensorFlow);

/** Ten words, ten times: enough to learn something from in a second. */
const WORDS = "anna hanna johanna annabel isabel belinda linda melinda amanda miranda".split(" ");
const corpus: Corpus = makeCorpus({
  name: "words",
  lines: Array.from({ length: 100 }, (_, i) => WORDS[i % 10]),
  bytes: new Uint8Array(),
  sha256: "",
});
const examples = makeExamples(corpus, 2);
const network = buildNetwork(mlp, { context: 2, embedding: 4, hidden: 8 }, corpus.vocabulary.size);
const settings: FitSettings = { steps: 100, batch: 8, lr: 0.1, schedule: "cosine", optimizer: "sgd" };

function start({ optimizer }: FitSettings): TrainingState {
  const generator = new TorchGenerator(7);
  return initialState(network, network.initialise(generator), generator, { optimizer });
}

function run(
  changes: Partial<FitSettings> = {},
  state?: TrainingState,
  hooks?: FitHooks,
): Promise<TrainingState> {
  const all = { ...settings, ...changes };
  return fit(network, examples, all, state ?? start(all), hooks);
}

describe("fit", () => {
  test.each(Object.keys(optimizers) as OptimizerName[])("learns with %s", async (optimizer) => {
    const lr = optimizer.startsWith("adam") ? 0.01 : 0.1;
    const { best, history } = await run({ steps: 400, optimizer, lr });
    expect(best!.devNll).toBeLessThan(1.5);
    expect(history.at(-1)!.loss).toBeLessThan(history[0].loss / 1.5);
  });

  test("has a turn after the last step, with the parameters that it ends with", async () => {
    const turns: [number, Parameters][] = [];
    const onTurn: FitHooks["onTurn"] = ({ step, parameters }) => void turns.push([step, parameters()]);
    const state = await run({ steps: 3 }, undefined, { onTurn });
    expect(turns.at(-1)).toEqual([3, resultOf(state)]);
  });

  test("the same seed ends at the same state", async () => {
    expect(await run()).toEqual(await run());
  });

  test.each(Object.keys(optimizers) as OptimizerName[])(
    "broken at any step and gone on with, ends as the unbroken run does, with %s",
    async (optimizer) => {
      const unbroken = await run({ optimizer, lr: 0.02 });
      for (const at of [1, 37, 99]) {
        const stop = new AbortController();
        const onStep = (step: number) => step === at - 1 && stop.abort();
        const broken = await run({ optimizer, lr: 0.02 }, undefined, { onStep, signal: stop.signal });
        expect(broken.step).toBe(at);
        expect(await run({ optimizer, lr: 0.02 }, JSON.parse(JSON.stringify(broken), revive))).toEqual(
          unbroken,
        );
      }
    },
  );

  test("with an average, keeps it in place of the last weights, also after a break", async () => {
    const changes = { average: 0.95, schedule: "constant", lr: 0.5 } as const;
    const unbroken = await run(changes);
    expect(unbroken.average!.count).toBe(10);
    expect(resultOf(unbroken)).toBe(unbroken.average!.parameters);
    expect(unbroken.best!.parameters).not.toEqual(unbroken.parameters);
    const atEnd = await run({ ...changes, steps: 100 }, { ...unbroken, step: 99, best: null });
    expect(atEnd.best!.parameters).toEqual(atEnd.average!.parameters);
    const stop = new AbortController();
    const onStep = (step: number) => step === 36 && stop.abort();
    const broken = await run(changes, undefined, { onStep, signal: stop.signal });
    expect(await run(changes, JSON.parse(JSON.stringify(broken), revive))).toEqual(unbroken);
  });

  test("without an average, keeps the last weights", async () => {
    const state = await run({ steps: 20 });
    expect(state.average).toBeUndefined();
    expect(resultOf(state)).toBe(state.parameters);
  });

  test("keeps the weights of the lowest dev NLL, not the last", async () => {
    const seen: number[] = [];
    const { best, step } = await run({ steps: 300, lr: 1.5, schedule: "constant" }, undefined, {
      onEvaluation: (_state, devNll) => void seen.push(devNll),
    });
    expect(seen.length).toBe(15);
    expect(best!.devNll).toBe(Math.min(...seen));
    expect(seen.at(-1)).toBeGreaterThan(best!.devNll);
    expect(best!.step).toBeLessThan(step);
  });

  test("records at most 200 losses, with dev NLL at some, the last among them", async () => {
    const { history } = await run({ steps: 450 });
    expect(history.length).toBe(150);
    expect(history.map(({ step }) => step).slice(0, 3)).toEqual([3, 6, 9]);
    expect(history.filter(({ dev_nll }) => dev_nll !== undefined).length).toBe(15);
    const uneven = (await run({ steps: 401 })).history;
    expect(uneven.at(-1)!.step).toBe(401);
    expect(uneven.at(-1)!.dev_nll).toBeGreaterThan(0);
    expect(uneven.at(-1)!.loss).toBeLessThan(2);
  });

  test("with no steps, evaluates what it began with", async () => {
    const { best, step } = await run({ steps: 0 });
    expect(step).toBe(0);
    expect(best!.devNll).toBeCloseTo(Math.log(corpus.vocabulary.size), 1);
  });

  test("weight decay takes from matrices, and leaves biases and gains alone", async () => {
    // With a learning rate this small nothing but the decay is seen.
    const changes = { steps: 10, lr: 1e-9, schedule: "constant", weightDecay: 1e7 } as const;
    const before = start(settings).parameters;
    const { parameters } = await run(changes);
    const share = (name: string) => parameters[name].values[0] / before[name].values[0];
    for (const name of ["C", "W1", "W2"]) expect(share(name)).toBeCloseTo(0.99 ** 10, 5);
    expect(share("b1")).toBeCloseTo(1, 5);
  });

  test("with batch all, takes every example in every step and draws nothing", async () => {
    const state = start(settings);
    const after = await run({ batch: "all", steps: 3 }, state);
    expect(after.generator).toEqual(state.generator);
    expect((await run({ batch: "all", steps: 60 })).history.at(-1)!.loss).toBeLessThan(after.history[0].loss);
  });

  test.each(["running", "calibrated"] as const)(
    "measures %s statistics, and resumes with them",
    async (norm) => {
      const network = buildNetwork(
        mlp,
        { context: 2, embedding: 4, hidden: 8, norm },
        corpus.vocabulary.size,
      );
      const generator = new TorchGenerator(7);
      const begin = initialState(network, network.initialise(generator), generator, settings);
      const fitOn = (state: TrainingState, hooks?: FitHooks) =>
        fit(network, examples, settings, state, hooks);
      const unbroken = await fitOn(begin);
      expect(unbroken.best!.parameters.std.values.every((deviation) => deviation > 0)).toBe(true);
      expect(Object.keys(unbroken.optimizerState)).not.toContain("mean");
      const stop = new AbortController();
      const broken = await fitOn(begin, {
        onStep: (step) => step === 41 && stop.abort(),
        signal: stop.signal,
      });
      expect(await fitOn(JSON.parse(JSON.stringify(broken), revive))).toEqual(unbroken);
    },
  );

  test("stops where the loss is no number", async () => {
    await expect(run({ lr: 1e38, schedule: "constant" })).rejects.toThrow(
      /loss of step \d+ is .*smaller learning rate/,
    );
  });

  test("leaves no tensors behind", async () => {
    const before = memory().numTensors;
    await run({ optimizer: "adam" });
    await run({ lr: 1e38, schedule: "constant" }).catch(() => {});
    expect(memory().numTensors).toBe(before);
  });
});

/** Typed arrays come out of JSON as objects from index to value. */
function revive(key: string, value: unknown): unknown {
  return key === "values" ? Float32Array.from(Object.values(value as Record<string, number>)) : value;
}
