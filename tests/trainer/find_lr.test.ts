import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { buildNetwork } from "../../trainer/architecture.ts";
import { mlp } from "../../trainer/architectures/mlp.ts";
import type { StepSettings } from "../../trainer/backend.ts";
import type { BackendChoice } from "../../trainer/backends/all.ts";
import { WindowExamples } from "../../trainer/examples.ts";
import { findLearningRate, readPlateau, sweepSchedule } from "../../trainer/find_lr.ts";
import { initialState } from "../../trainer/fit.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

test("sweepSchedule goes through the exponents as torch.linspace(-3, 0, 1000) does", () => {
  const schedule = sweepSchedule({ from: -3, to: 0, steps: 1000 });
  expect(schedule(0, 1000, 1)).toBeCloseTo(0.001, 12);
  expect(schedule(999, 1000, 1)).toBe(1);
  expect(Math.log10(schedule(333, 1000, 1))).toBeCloseTo(-2, 12);
});

describe("readPlateau", () => {
  test("finds where a valley of losses is flat", () => {
    const exponents = Array.from({ length: 1000 }, (_, i) => -3 + (3 * i) / 999);
    // Falls from 10 to 2 until 10^-1.5, is flat until 10^-0.5, and climbs.
    const losses = exponents.map((
      e,
    ) => (e < -1.5 ? 2 + 8 * (-1.5 - e) / 1.5 : e < -0.5 ? 2 : 2 + 20 * (e + 0.5)));
    const { plateau, suggestion, smoothed } = readPlateau(exponents, losses);
    expect(smoothed.length).toBe(1000);
    expect(Math.log10(plateau[0])).toBeGreaterThan(-1.75);
    expect(Math.log10(plateau[0])).toBeLessThan(-1.4);
    expect(Math.log10(plateau[1])).toBeGreaterThan(-0.55);
    expect(Math.log10(plateau[1])).toBeLessThan(-0.35);
    expect(Math.log10(suggestion)).toBeCloseTo(-1, 0);
  });
});

test("findLearningRate suggests a rate at which the loss is low, between the ends", async () => {
  const examples = new WindowExamples([[1, 2, 3, 4], [1, 2, 2, 4], [3, 3, 4]], 2);
  const network = buildNetwork(mlp, { context: 2, embedding: 3, hidden: 12 }, 5);
  const generator = new TorchGenerator(5);
  const state = initialState(network, network.initialise(generator), generator, { optimizer: "sgd" });
  const sweep = { from: -3, to: 2, steps: 400 };
  const settings = { batch: 8, optimizer: "sgd" } as const;
  const finding = await findLearningRate(
    network,
    { train: examples, dev: examples },
    sweep,
    settings,
    state,
  );
  expect(finding.losses.length).toBe(400);
  expect(finding.exponents[0]).toBeCloseTo(-3, 9);
  expect(finding.suggestion).toBeGreaterThan(0.01);
  expect(finding.suggestion).toBeLessThan(30);
});

test("findLearningRate trains with all settings of a step, with either backend", async () => {
  const examples = new WindowExamples([[1, 2, 3, 4], [1, 2, 2, 4], [3, 3, 4]], 2);
  const network = buildNetwork(mlp, { context: 2, embedding: 3, hidden: 12 }, 5);
  const lossesWith = async (settings: Partial<StepSettings> & { backend?: BackendChoice }) => {
    const generator = new TorchGenerator(5);
    const state = initialState(network, network.initialise(generator), generator, { optimizer: "adamw" });
    const { losses } = await findLearningRate(
      network,
      { train: examples, dev: examples },
      { from: -1, to: 0, steps: 10 },
      { batch: 8, optimizer: "adamw", ...settings },
      state,
    );
    return losses;
  };
  const plain = await lossesWith({});
  for (const settings of [{ weightDecay: 0.5 }, { clip: 1e-8 }, { beta2: 0.5 }, { dropout: 0.5, seed: 2 }]) {
    const losses = await lossesWith(settings);
    expect(losses).not.toEqual(plain);
    const byTensorflow = await lossesWith({ ...settings, backend: "tensorflow" });
    losses.forEach((loss, step) => expect(loss).toBeCloseTo(byTensorflow[step], 4));
  }
});
