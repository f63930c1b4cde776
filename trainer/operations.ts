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
 * Mean cross-entropy of [batch, classes] logits against [batch] class ids, in nats: the mean NLL.
 *
 * The gradient of the logits is (softmax - one-hot) / batch.
 */
export const crossEntropy = tf.customGrad((logits, classIds, save) => {
  const [batch, classes] = (logits as tf.Tensor2D).shape;
  const logProbs = tf.logSoftmax(logits as tf.Tensor2D);
  const oneHot = oneHotRows(classIds as tf.Tensor1D, classes);
  (save as tf.GradSaveFunc)([logProbs, oneHot]);
  return {
    value: tf.mul(tf.sum(tf.mul(logProbs, oneHot)), -1 / batch),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logProbs, oneHot] = saved;
      const difference = tf.sub(tf.exp(logProbs), oneHot);
      return [tf.mul(difference, tf.div(dy, batch)), tf.zerosLike(classIds as tf.Tensor1D)];
    },
  };
}) as (logits: tf.Tensor2D, classIds: tf.Tensor1D) => tf.Scalar;

/** [count] ids as [count, size] rows of zeros with a one. The backend's `oneHot` is right for int32 only. */
function oneHotRows(ids: tf.Tensor1D, size: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(ids, size), "float32") as tf.Tensor2D;
}
