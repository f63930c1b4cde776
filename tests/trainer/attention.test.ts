import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { TorchGenerator } from "../../shared/random/torch.ts";
import { causalAttention, causalMean } from "../../trainer/attention.ts";
import { startTensorFlow } from "../../trainer/tensorflow.ts";

beforeAll(startTensorFlow);

const [batch, time, heads, headSize] = [2, 4, 3, 5];
const size = heads * headSize;

/** Attention of one word and one head: softmax(q k^T / sqrt(headSize)) v, each row over the positions up to its own. */
function attention(q: tf.Tensor2D, k: tf.Tensor2D, v: tf.Tensor2D): tf.Tensor2D {
  const rows = Array.from({ length: time }, (_, row) => {
    const scores = tf.matMul(
      tf.slice(q, [row, 0], [1, headSize]),
      tf.slice(k, [0, 0], [row + 1, headSize]),
      false,
      true,
    );
    return tf.matMul(
      tf.softmax(tf.div(scores, Math.sqrt(headSize))),
      tf.slice(v, [0, 0], [row + 1, headSize]),
    );
  });
  return tf.concat2d(rows as tf.Tensor2D[], 0);
}

/** {@link causalAttention}, word by word, head by head and row by row. */
function reference(qkv: tf.Tensor): tf.Tensor {
  const words = Array.from({ length: batch }, (_, word) => {
    const outs = Array.from({ length: heads }, (_, head) => {
      const part = (i: number) =>
        tf.slice(qkv as tf.Tensor2D, [word * time, i * size + head * headSize], [time, headSize]);
      return attention(part(0), part(1), part(2));
    });
    return tf.concat2d(outs, 1);
  });
  return tf.concat2d(words, 0);
}

/** Holds an operation of one tensor and its gradient to another way to compute it. */
function expectSame(
  ours: (x: tf.Tensor) => tf.Tensor,
  theirs: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  upstream: tf.Tensor,
): void {
  const pairs = [[ours(x), theirs(x)], [tf.grad(ours)(x, upstream), tf.grad(theirs)(x, upstream)]];
  for (const [a, b] of pairs) {
    expect(a.shape).toEqual(b.shape);
    const expected = b.dataSync();
    a.dataSync().forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
  }
}

const generator = new TorchGenerator(1);
const normal = (...shape: number[]) => tf.tensor(generator.randn(shape.reduce((a, b) => a * b)), shape);

test("causalAttention is that of each head by itself, with the same gradient", () => {
  const ours = (qkv: tf.Tensor) => causalAttention(qkv, batch, heads);
  expectSame(ours, reference, normal(batch * time, 3 * size), normal(batch * time, size));
});

test("causalMean is the mean of the rows so far, with the same gradient", () => {
  const means = (x: tf.Tensor) =>
    tf.concat(
      Array.from({ length: time }, (_, i) =>
        tf.mean(tf.slice(x as tf.Tensor3D, [0, 0, 0], [-1, i + 1, -1]), 1, true)),
      1,
    );
  expectSame(causalMean, means, normal(batch, time, size), normal(batch, time, size));
});
