import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findArchitecture } from "../../trainer/architectures/all.ts";
import { makeCorpus, parseList } from "../../trainer/corpus.ts";
import { trainModel } from "../../trainer/train_model.ts";
import type { ModelOptions } from "../../trainer/train_options.ts";

const lines = Array.from({ length: 100 }, (_, i) => `number ${i}`);
const corpus = makeCorpus(await parseList(new TextEncoder().encode(lines.join("\n")), "numbers.txt"));
const options: ModelOptions = {
  name: "numbers",
  architecture: "mlp",
  hyperparameters: findArchitecture("mlp").hyperparameters.parse({
    hidden: 8,
  }) as ModelOptions["hyperparameters"],
  steps: 5,
  batch: 8,
  lr: 0.1,
  schedule: "constant",
  optimizer: "sgd",
  backend: "fused",
  seed: 1,
};

describe("the evaluation at the end", () => {
  // Each look at the clock is a second later, so that a batch takes longer than a turn of the event loop.
  beforeEach(() => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now += 1000);
  });
  afterEach(() => void vi.restoreAllMocks());

  test("is abandoned between two batches, and the run with it", async () => {
    const stop = new AbortController();
    let [evaluated, all] = [0, 0];
    const run = trainModel(corpus, options, undefined, {
      abandon: stop.signal,
      onProgress(targets, total) {
        setTimeout(() => stop.abort(new Error("Ctrl-C")));
        [evaluated, all] = [targets, total];
      },
    });
    await expect(run).rejects.toThrow("Ctrl-C");
    expect(evaluated).toBeGreaterThan(0);
    expect(evaluated).toBeLessThan(all);
  });

  test("is not abandoned if the run was stopped: the best model so far is kept", async () => {
    const stop = new AbortController();
    const { card, stopped } = await trainModel(corpus, options, undefined, {
      signal: stop.signal,
      abandon: stop.signal,
      onStep: (step) => step === 2 && stop.abort(),
    });
    expect(stopped).toBe(true);
    expect(card.training.steps).toBe(3);
    expect(card.nll.dev).toBeGreaterThan(0);
  });
});
