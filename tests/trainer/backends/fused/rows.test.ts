import { reshape } from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import type { TrainedNetwork } from "../../../../trainer/architecture.ts";
import { backends } from "../../../../trainer/backends/all.ts";
import { type RowOrder, type WordRows, wordRows } from "../../../../trainer/backends/fused/rows.ts";
import { StepPlan } from "../../../../trainer/backends/fused/step_plan.ts";
import { targetLosses } from "../../../../trainer/evaluation.ts";
import { WordExamples } from "../../../../trainer/examples.ts";
import { type OptimizerName, optimizers } from "../../../../trainer/optimizers.ts";
import { addBias, embed, matMul, tanh } from "../../../../trainer/operations.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

const WORDS = [[3], [1, 2, 4, 4, 5], [], [2, 2]];
const batch = new WordExamples(WORDS).all();

/** The targets of each row. */
function targetsOf({ targets, firstTargets }: WordRows): number[][] {
  return Array.from(
    { length: firstTargets.length - 1 },
    (_, row) => [...targets.subarray(firstTargets[row], firstTargets[row + 1])],
  );
}

describe("The rows of words", () => {
  test("by word are the positions of each word one after the other", () => {
    const rows = wordRows(batch, "by word", false);
    expect([...rows.tokens]).toEqual([0, 3, 0, 1, 2, 4, 4, 5, 0, 0, 2, 2]);
    expect(targetsOf(rows)).toEqual([3, 0, 1, 2, 4, 4, 5, 0, 0, 2, 2, 0].map((target) => [target]));
    expect([...rows.positions]).toEqual([0, 1, 0, 1, 2, 3, 4, 5, 0, 0, 1, 2]);
    expect([...rows.numbers]).toEqual([0, 1, 6, 7, 8, 9, 10, 11, 12, 18, 19, 20]); // of [4, 6]
    expect([...rows.parents]).toEqual([0, 0, 0, 2, 3, 4, 5, 6, 0, 0, 9, 10]);
    expect([...rows.groups]).toEqual([0, 2, 8, 9, 12]);
  });

  test("by time are blocks of four rows", () => {
    const rows = wordRows(batch, "by time", false);
    expect([...rows.tokens]).toEqual(
      [[0, 0, 0, 0], [3, 1, 2, 0], [2, 2, 0, 0], [4, 0, 0, 0], [4, 0, 0, 0], [5, 0, 0, 0]].flat(),
    );
    expect(targetsOf(rows)).toEqual(
      [
        [[3], [1], [0], [2]],
        [[0], [2], [2], []],
        [[4], [0], [], []],
        [[4], [], [], []],
        [[5], [], [], []],
        [[0], [], [], []],
      ].flat(),
    );
    expect([...rows.positions]).toEqual([
      [0, 0, 0, 0],
      [1, 1, 1, 0],
      [2, 2, 0, 0],
      [3, 0, 0, 0],
      [4, 0, 0, 0],
      [5, 0, 0, 0],
    ].flat());
    expect([...rows.numbers]).toEqual(
      [[0, 6, 12, 18], [1, 7, 19, 0], [8, 20, 0, 0], [9, 0, 0, 0], [10, 0, 0, 0], [11, 0, 0, 0]].flat(),
    );
    expect([...rows.parents]).toEqual(
      [[0, 0, 0, 0], [0, 1, 3, 0], [5, 6, 0, 0], [8, 0, 0, 0], [12, 0, 0, 0], [16, 0, 0, 0]].flat(),
    );
    expect([...rows.groups]).toEqual([0, 4, 8, 12, 16, 20, 24]);
  });

  const alike = new WordExamples([[1, 2, 3], [1], [1, 2, 4, 2], [], [1, 2, 3], [2]]).all();

  test("by word are shared by words that begin alike", () => {
    const rows = wordRows(alike, "by word");
    expect([...rows.tokens]).toEqual([0, 1, 2, 3, 4, 2, 2]);
    expect([...rows.positions]).toEqual([0, 1, 2, 3, 3, 4, 1]);
    expect([...rows.parents]).toEqual([0, 0, 1, 2, 2, 4, 0]);
    expect([...rows.groups]).toEqual([0, 1, 2, 4, 6, 7]);
    expect(targetsOf(rows)).toEqual([[1, 1, 1, 0, 1, 2], [2, 0, 2, 2], [3, 4, 3], [0, 0], [2], [0], [0]]);
  });

  test("by time are shared by words that begin alike", () => {
    const rows = wordRows(alike, "by time");
    expect([...rows.tokens]).toEqual(
      [[0, 0, 0, 0], [1, 2, 0, 0], [2, 0, 0, 0], [3, 4, 0, 0], [2, 0, 0, 0]].flat(),
    );
    expect([...rows.groups]).toEqual([0, 4, 8, 12, 16, 20]);
    expect([...rows.parents].filter((_, row) => targetsOf(rows)[row].length > 0)).toEqual([
      0,
      0,
      0,
      4,
      8,
      8,
      13,
    ]);
    expect(targetsOf(rows).filter((targets) => targets.length > 0)).toEqual(
      [[1, 1, 1, 0, 1, 2], [2, 0, 2, 2], [0], [3, 4, 3], [0, 0], [2], [0]],
    );
  });

  test.each([true, false])("have every target once, and what comes before it, if shared: %s", (shares) => {
    const generator = new TorchGenerator(5);
    for (const order of ["by word", "by time"] as const) {
      for (let trial = 0; trial < 50; trial++) {
        const words = Array.from(
          { length: generator.randint(40, 1)[0] + 1 },
          () => [...generator.randint(3, generator.randint(9, 1)[0])].map((token) => token + 1),
        );
        const rows = wordRows(new WordExamples(words).all(), order, shares);
        const pathOf = (row: number): number[] =>
          rows.positions[row] === 0 ? [] : [...pathOf(rows.parents[row]), rows.tokens[row]];
        const found = targetsOf(rows).flatMap((targets, row) =>
          targets.map((target) => `${pathOf(row)} -> ${target}`)
        );
        const expected = words.flatMap((word) =>
          [...word, 0].map((target, position) => `${word.slice(0, position)} -> ${target}`)
        );
        expect(found.sort()).toEqual(expected.sort());
        if (shares) {
          const beginnings = targetsOf(rows).flatMap((targets, row) =>
            targets.length > 0 ? [`${pathOf(row)}`] : []
          );
          expect(new Set(beginnings).size).toBe(beginnings.length);
        }
      }
    }
  });
});

test("A plan with batch normalization shares no rows, because it weighs them alike", () => {
  const plan = new StepPlan(null);
  const x = plan.embedding("C", [14, 3], 1);
  expect(plan.sharesRows).toBe(true);
  plan.batchNormalization(x, { gain: "gain", shift: "shift", mean: "mean", std: "std" }, 0.1);
  expect(plan.sharesRows).toBe(false);
});

/** A network that sees whole words, and predicts each token from the one before: tanh(C(x) W1 + b1) W2 + b2. */
function networkOfWords(V: number, order: RowOrder): TrainedNetwork {
  const [m, h] = [3, 10];
  return {
    learns: "by gradient descent",
    vocabularySize: V,
    contextLength: null,
    buffers: [],
    logits({ C, W1, b1, W2, b2 }, tokens) {
      const [b, t] = tokens.shape;
      const x = reshape(embed(C, tokens), [b * t, m]);
      const hidden = tanh(addBias(matMul(x, W1), b1));
      return reshape(addBias(matMul(hidden, W2), b2), [b, t, V]);
    },
    initialise(generator) {
      const draw = (...shape: number[]) => ({
        shape,
        values: generator.randn(shape.reduce((a, b) => a * b)),
      });
      return { C: draw(V, m), W1: draw(m, h), b1: draw(h), W2: draw(h, V), b2: draw(V) };
    },
    graph: () => {
      throw new TypeError("Not exported");
    },
    planStep(plan) {
      plan.rowOrder = order;
      const x = plan.embedding("C", [V, m], 1);
      const hidden = plan.tanh(plan.linear(x, h, { weight: "W1", bias: "b1" }));
      return plan.linear(hidden, V, { weight: "W2", bias: "b2" });
    },
  };
}

describe.each(["by word", "by time"] as const)("The fused step, rows %s", (order) => {
  test.each(Object.keys(optimizers) as OptimizerName[])(
    "takes whole words of any length, and ignores padding, with %s",
    async (optimizer) => {
      const network = networkOfWords(14, order);
      const generator = new TorchGenerator(3);
      const parameters = network.initialise(generator);
      const words = Array.from(
        { length: 60 },
        () => [...generator.randint(14, generator.randint(20, 1)[0])],
      );
      const examples = new WordExamples(words);
      const batches = Array.from(
        { length: 100 },
        (_, step) => examples.batch(generator.randint(words.length, [5, 2, 33, 4, 70, 9, 1][step % 7])),
      );
      expectSameSteps(await compareBackends(network, parameters, batches, { optimizer, weightDecay: 0.01 }));
    },
  );

  test("evaluates whole words as tensorflow does", async () => {
    const network = networkOfWords(14, order);
    const generator = new TorchGenerator(4);
    const parameters = network.initialise(generator);
    const words = Array.from(
      { length: 900 },
      () => [...generator.randint(14, generator.randint(20, 1)[0])],
    );
    const examples = new WordExamples(words);
    const [ours, theirs] = await Promise.all(
      [backends.fused, backends.tensorflow].map(async (backend) =>
        targetLosses(await backend.evaluator(network, parameters), examples)
      ),
    );
    expect(ours).toHaveLength(examples.targetCount);
    expect(examples.targetCount).toBeGreaterThan(2 * 4096); // several batches
    ours.forEach((loss, i) => expect(Math.abs(loss - theirs[i])).toBeLessThan(1e-5));
  });
});
