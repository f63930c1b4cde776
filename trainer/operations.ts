import * as tf from "@tensorflow/tfjs";

/*
 * TensorFlow.js operations with gradients of our own, where its WebAssembly backend has a slow one or none.
 * They compute what its own would.
 */

/**
 * Matrix product of a [batch, in] and a [in, out] tensor.
 *
 * The gradient transposes first and multiplies then: the backend's `matMul` with a transposed operand is many
 * times slower than `transpose` followed by `matMul`.
 */
export const matMul = tf.customGrad((a, b, save) => {
  const [x, weight] = [a as tf.Tensor2D, b as tf.Tensor2D];
  (save as tf.GradSaveFunc)([x, weight]);
  return {
    value: tf.matMul(x, weight),
    gradFunc: (dy: tf.Tensor2D, saved: tf.Tensor[]) => {
      const [x, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
      return [tf.matMul(dy, tf.transpose(weight)), tf.matMul(tf.transpose(x), dy)];
    },
  };
}) as (x: tf.Tensor2D, weight: tf.Tensor2D) => tf.Tensor2D;

/** Adds a [out] bias to each row of a [batch, out] tensor. */
export const addBias = tf.customGrad((x, bias) => ({
  value: tf.add(x as tf.Tensor, bias as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => [dy, tf.sum(dy, 0)],
})) as (x: tf.Tensor2D, bias: tf.Tensor1D) => tf.Tensor2D;

/**
 * Looks up rows of a [vocabulary, embedding] table: [batch, context] token ids make [batch, context *
 * embedding], the embeddings of a context side by side.
 *
 * The gradient is a product with one-hot rows: the backend has no kernel for `gather`'s own.
 */
export const embed = tf.customGrad((table, ids, save) => {
  const [vocabularySize, embeddingSize] = (table as tf.Tensor2D).shape;
  const [batch, contextLength] = (ids as tf.Tensor2D).shape;
  (save as tf.GradSaveFunc)([ids as tf.Tensor]);
  return {
    value: tf.reshape(
      tf.gather(table as tf.Tensor2D, ids as tf.Tensor2D),
      [batch, contextLength * embeddingSize],
    ),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const positions = batch * contextLength;
      const oneHot = oneHotRows(tf.reshape(saved[0], [positions]), vocabularySize);
      const rows = tf.reshape(dy, [positions, embeddingSize]);
      return [tf.matMul(tf.transpose(oneHot), rows as tf.Tensor2D), tf.zerosLike(saved[0])];
    },
  };
}) as (table: tf.Tensor2D, ids: tf.Tensor2D) => tf.Tensor2D;

/**
 * Mean cross-entropy of [batch, classes] logits against [batch] class ids, in nats: the mean NLL. The mean is taken in
 * float64: the backend's float32 sum of 228,146 losses is off in the fifth digit.
 *
 * The gradient of the logits is (softmax - one-hot) / batch.
 */
export const crossEntropy = tf.customGrad((logits, classIds, save) => {
  const [batch, classes] = (logits as tf.Tensor2D).shape;
  const logProbs = tf.logSoftmax(logits as tf.Tensor2D);
  const oneHot = oneHotRows(classIds as tf.Tensor1D, classes);
  (save as tf.GradSaveFunc)([logProbs, oneHot]);
  const losses = tf.sum(tf.mul(logProbs, oneHot), 1).dataSync<"float32">();
  return {
    value: tf.scalar(-losses.reduce((sum, loss) => sum + loss, 0) / batch),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logProbs, oneHot] = saved;
      const difference = tf.sub(tf.exp(logProbs), oneHot);
      return [tf.mul(difference, tf.div(dy, batch)), tf.zerosLike(classIds as tf.Tensor1D)];
    },
  };
}) as (logits: tf.Tensor2D, classIds: tf.Tensor1D) => tf.Scalar;

/** Mean and standard deviation of each column of a batch; the deviation divides by the rows less one. */
export interface BatchStatistics {
  /** [size] */
  mean: tf.Tensor1D;
  /** [size] */
  std: tf.Tensor1D;
}

/**
 * Batch normalization of a [batch, size] tensor with the batch's own statistics: gain (x - mean) / std + shift.
 *
 * The gradient goes through the statistics too: with n the normalized batch and dn = gain dy,
 * dx = (dn - mean(dn) - n sum(dn n) / (batch - 1)) / std.
 *
 * Source: Ioffe and Szegedy, "Batch normalization", ICML 2015, algorithm 1; as in the notebooks, without its epsilon.
 *
 * @param observe Is told the statistics, which are gone when it returns.
 */
export function batchNormalize(
  x: tf.Tensor2D,
  gain: tf.Tensor1D,
  shift: tf.Tensor1D,
  observe?: (statistics: BatchStatistics) => void,
): tf.Tensor2D {
  return tf.customGrad((x, gain, shift, save) => {
    const batch = (x as tf.Tensor).shape[0];
    const mean = tf.div(tf.sum(x as tf.Tensor, 0), batch) as tf.Tensor1D;
    const centred = tf.sub(x as tf.Tensor, mean);
    const std = tf.sqrt(tf.div(tf.sum(tf.square(centred), 0), batch - 1)) as tf.Tensor1D;
    observe?.({ mean, std });
    (save as tf.GradSaveFunc)([centred, std, gain as tf.Tensor]);
    return {
      value: tf.add(tf.div(tf.mul(centred, gain as tf.Tensor), std), shift as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [centred, std, gain] = saved;
        const normalized = tf.div(centred, std);
        const dgain = tf.sum(tf.mul(dy, normalized), 0);
        const dshift = tf.sum(dy, 0);
        const through = tf.add(tf.div(dshift, batch), tf.mul(normalized, tf.div(dgain, batch - 1)));
        return [tf.mul(tf.sub(dy, through), tf.div(gain, std)), dgain, dshift];
      },
    };
  })(x, gain, shift) as tf.Tensor2D;
}

/** [count] ids as [count, size] rows of zeros with a one. The backend's `oneHot` is right for int32 only. */
function oneHotRows(ids: tf.Tensor1D, size: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(ids, size), "float32") as tf.Tensor2D;
}
