import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { TorchGenerator } from "../../shared/random/torch.ts";
import {
  addBias,
  batchNormalize,
  crossEntropy,
  embed,
  gelu,
  layerNormalize,
  matMul,
  tanh,
} from "../../trainer/operations.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

const generator = new TorchGenerator(1);

/** A tensor of normal values. */
function normal(...shape: number[]): tf.Tensor {
  return tf.tensor(generator.randn(shape.reduce((a, b) => a * b)), shape);
}

function expectEqual(ours: tf.Tensor, theirs: tf.Tensor): void {
  expect(ours.shape).toEqual(theirs.shape);
  const [a, b] = [ours.dataSync(), theirs.dataSync()];
  for (let i = 0; i < a.length; i++) expect(a[i]).toBeCloseTo(b[i], 5);
}

/** Holds an operation and its gradients, under a changing upstream gradient, to another way to compute it. */
function expectSame(
  ours: (...inputs: tf.Tensor[]) => tf.Tensor,
  theirs: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
): void {
  expectEqual(ours(...inputs), theirs(...inputs));
  const upstream = normal(...theirs(...inputs).shape, 1).reshape(theirs(...inputs).shape);
  const [a, b] = [ours, theirs].map((operation) => tf.grads(operation)(inputs, upstream));
  a.forEach((gradient, i) => expectEqual(gradient, b[i]));
}

describe("operations compute what TensorFlow.js's own do, with the same gradients", () => {
  test("matMul", () => {
    expectSame(
      matMul as (...inputs: tf.Tensor[]) => tf.Tensor,
      (x, weight) => tf.matMul(x, weight),
      [normal(5, 7), normal(7, 3)],
    );
  });

  test("addBias", () => {
    expectSame(
      addBias as (...inputs: tf.Tensor[]) => tf.Tensor,
      (x, bias) => tf.add(x, bias),
      [normal(5, 7), normal(7)],
    );
  });

  test("tanh", () => {
    const x = tf.tensor2d([[-50, -3, -1e-4, 0, 1e-4, 0.5, 3, 50]]);
    expectSame(tanh as (...inputs: tf.Tensor[]) => tf.Tensor, (x) => tf.tanh(x), [x]);
  });

  test("embed, where a token repeats in a context too", () => {
    const ids = tf.tensor2d([1, 0, 2, 2, 4, 4], [2, 3], "int32");
    const oneHot = tf.cast(tf.oneHot(tf.reshape(ids, [6]), 5), "float32");
    expectSame(
      (table) => embed(table as tf.Tensor2D, ids),
      (table) => tf.reshape(tf.matMul(oneHot, table), [2, 12]),
      [normal(5, 4)],
    );
  });

  test("crossEntropy", () => {
    const classIds = tf.tensor1d([2, 0, 1, 2], "int32");
    const oneHot = tf.cast(tf.oneHot(classIds, 3), "float32");
    expectSame(
      (logits) => crossEntropy(logits as tf.Tensor2D, classIds),
      (logits) => tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot), 1))),
      [tf.mul(normal(4, 3), 8)],
    );
  });

  test("crossEntropy, without the positions whose class id is -1", () => {
    const classIds = tf.tensor1d([2, -1, 1, -1], "int32");
    const oneHot = tf.tensor2d([[0, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]]);
    expectSame(
      (logits) => crossEntropy(logits, classIds),
      (logits) => tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits), oneHot)), 2)),
      [tf.mul(normal(4, 3), 8)],
    );
  });

  test.each([0, 2])("batchNormalize with epsilon %i, through the batch's statistics too", (epsilon) => {
    expectSame(
      (x, gain, shift) => batchNormalize(x, gain, shift, undefined, epsilon),
      (x, gain, shift) => {
        const centred = tf.sub(x, tf.mean(x, 0));
        const variance = tf.div(tf.sum(tf.square(centred), 0), x.shape[0] - 1);
        const std = tf.sqrt(tf.add(variance, epsilon));
        return tf.add(tf.mul(gain, tf.div(centred, std)), shift);
      },
      [tf.mul(normal(6, 5), 3), normal(5), normal(5)],
    );
  });

  test("layerNormalize, through the row's statistics too", () => {
    expectSame(
      layerNormalize as (...inputs: tf.Tensor[]) => tf.Tensor,
      (x, gain, shift) => {
        const centred = tf.sub(x, tf.mean(x, 1, true));
        const variance = tf.mean(tf.square(centred), 1, true);
        return tf.add(tf.mul(gain, tf.div(centred, tf.sqrt(tf.add(variance, 1e-5)))), shift);
      },
      [tf.mul(normal(6, 5), 3), normal(5), normal(5)],
    );
  });

  test("layerNormalize of a row of equal numbers is the shift", () => {
    const [x, gain, shift] = [tf.fill([1, 3], 7), tf.ones([3]), tf.tensor1d([1, 2, 3])];
    expect(Array.from(layerNormalize(x, gain, shift).dataSync())).toEqual([1, 2, 3]);
  });

  test("gelu", () => {
    const x = tf.tensor2d([[-50, -3, -1e-4, 0, 1e-4, 0.5, 3, 50]]);
    expectSame(
      gelu as (...inputs: tf.Tensor[]) => tf.Tensor,
      (x) => {
        const inner = tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI));
        return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
      },
      [x],
    );
  });

  test("crossEntropy of logits that are far apart is no infinity", () => {
    const loss = crossEntropy(tf.tensor2d([[0, 500]]), tf.tensor1d([0], "int32"));
    expect(loss.dataSync()[0]).toBe(500);
  });
});
