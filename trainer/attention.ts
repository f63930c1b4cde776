import * as tf from "@tensorflow/tfjs";

/**
 * Causal attention of several heads: each position takes the mean of the values of the positions up to itself, weighted by
 * softmax(q k^T / sqrt(head size)).
 *
 * @param qkv [batch * time, 3 * size]: query, key and value of each position, each the heads' side by side.
 * @returns [batch * time, size], the heads' side by side.
 *
 * Source: Vaswani et al., "Attention is all you need", NeurIPS 2017, equation (1).
 */
export function causalAttention(qkv: tf.Tensor, batch: number, heads: number): tf.Tensor2D {
  const [rows, columns] = (qkv as tf.Tensor2D).shape;
  const [time, size, headSize] = [rows / batch, columns / 3, columns / 3 / heads];
  const scale = 1 / Math.sqrt(headSize);
  /** [batch * time, size] as [batch * heads, time, headSize]. */
  const byHead = (part: tf.Tensor) =>
    tf.reshape(
      tf.transpose(tf.reshape(part, [batch, time, heads, headSize]), [0, 2, 1, 3]),
      [batch * heads, time, headSize],
    );
  /** [batch * heads, time, headSize] as [batch * time, size]. */
  const merge = (part: tf.Tensor) =>
    tf.reshape(
      tf.transpose(tf.reshape(part, [batch, heads, time, headSize]), [0, 2, 1, 3]),
      [rows, size],
    );
  const transposed = (x: tf.Tensor) => tf.transpose(x, [0, 2, 1]);
  return tf.customGrad((qkv, save) => {
    const [q, k, v] = tf.split(qkv as tf.Tensor, 3, 1).map(byHead);
    const scores = tf.mul(tf.matMul(q, transposed(k)), scale); // [batch * heads, time, time]
    const attention = tf.softmax(tf.add(scores, causalMask(time))); // [batch * heads, time, time]
    (save as tf.GradSaveFunc)([q, k, v, attention]);
    return {
      value: merge(tf.matMul(attention, v)),
      gradFunc: (dy: tf.Tensor, [q, k, v, attention]: tf.Tensor[]) => {
        const dOut = byHead(dy);
        const dAttention = tf.matMul(dOut, transposed(v));
        const mean = tf.sum(tf.mul(attention, dAttention), 2, true);
        const dScores = tf.mul(tf.mul(attention, tf.sub(dAttention, mean)), scale);
        const parts = [
          tf.matMul(dScores, k),
          tf.matMul(transposed(dScores), q),
          tf.matMul(transposed(attention), dOut),
        ];
        return tf.concat(parts.map(merge), 1);
      },
    };
  })(qkv) as tf.Tensor2D;
}

/**
 * The mean over the positions up to each one: [batch, time, size] -> [batch, time, size]. It is attention that gives equal
 * weights.
 *
 * TensorFlow.js has a gradient of `cumsum`, but with a wrong shape unless the axis is the last one.
 */
export function causalMean(x: tf.Tensor): tf.Tensor3D {
  const [, time] = (x as tf.Tensor3D).shape;
  const shares = () => tf.tensor2d(Float32Array.from({ length: time }, (_, i) => 1 / (i + 1)), [time, 1]);
  return tf.customGrad((x) => ({
    value: tf.mul(tf.cumsum(x as tf.Tensor, 1), shares()),
    gradFunc: (dy: tf.Tensor) => tf.cumsum(tf.mul(dy, shares()), 1, false, true),
  }))(x) as tf.Tensor3D;
}

/** [time, time]: 0 where a position may attend to another, and a number whose exp is 0 where that comes later. */
function causalMask(time: number): tf.Tensor2D {
  const mask = Float32Array.from(
    { length: time * time },
    (_, i) => i % time > Math.floor(i / time) ? -1e9 : 0,
  );
  return tf.tensor2d(mask, [time, time]);
}
