import { reshape } from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../../../shared/random/torch.ts";
import type { TrainedNetwork } from "../../../../trainer/architecture.ts";
import { type RowOrder, wordRows } from "../../../../trainer/backends/fused/rows.ts";
import { IGNORED, WordExamples } from "../../../../trainer/examples.ts";
import { type OptimizerName, optimizers } from "../../../../trainer/optimizers.ts";
import { addBias, embed, matMul, tanh } from "../../../../trainer/operations.ts";
import { startTensorFlow } from "../../../../trainer/tensorflow.ts";
import { compareBackends, expectSameSteps } from "../compare_backends.ts";

beforeAll(startTensorFlow);

const WORDS = [[3], [1, 2, 4, 4, 5], [], [2, 2]];
const batch = new WordExamples(WORDS).all();

describe("The rows of words", () => {
  test("by word are the positions of each word one after the other", () => {
    const { tokens, targets, positions, groups } = wordRows(batch, "by word");
    expect([...tokens]).toEqual([0, 3, 0, 1, 2, 4, 4, 5, 0, 0, 2, 2]);
    expect([...targets]).toEqual([3, 0, 1, 2, 4, 4, 5, 0, 0, 2, 2, 0]);
    expect([...positions]).toEqual([0, 1, 0, 1, 2, 3, 4, 5, 0, 0, 1, 2]);
    expect([...groups]).toEqual([0, 2, 8, 9, 12]);
  });

  test("by time are blocks of four rows, the longest word first", () => {
    const { tokens, targets, positions, groups } = wordRows(batch, "by time");
    const ignored = [IGNORED, IGNORED, IGNORED];
    expect([...tokens]).toEqual(
      [[0, 0, 0, 0], [1, 2, 3, 0], [2, 2, 0, 0], [4, 0, 0, 0], [4, 0, 0, 0], [5, 0, 0, 0]].flat(),
    );
    expect([...targets]).toEqual(
      [[1, 2, 3, 0], [2, 2, 0, IGNORED], [4, 0, IGNORED, IGNORED], [4, ...ignored], [5, ...ignored], [
        0,
        ...ignored,
      ]]
        .flat(),
    );
    expect([...positions]).toEqual([0, 1, 2, 3, 4, 5].flatMap((position) => new Array(4).fill(position)));
    expect([...groups]).toEqual([0, 4, 8, 12, 16, 20, 24]);
  });
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
});
