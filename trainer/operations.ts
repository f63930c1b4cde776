import * as tf from "@tensorflow/tfjs";

/*
 * Replacements of TensorFlow.js operations whose gradient is slow or missing in its WebAssembly backend. Values and
 * gradients are the same.
 *
 * The backend's `matMul` caches its second operand by the operand's data, together with its shape. The same data in another
 * shape, as `reshape` gives it, must not be a second operand too: the product would be written past its end.
 */

/** Most numbers in one-hot rows; larger look-ups gather rows instead. */
const MAX_ONE_HOT = 2 ** 23;

/** `tf.customGrad`, called when the operation is first used: the page loads this file without TensorFlow.js. */
function withGradient<T extends tf.Tensor>(
  operation: Parameters<typeof tf.customGrad<T>>[0],
): (...inputs: tf.Tensor[]) => T {
  let made: ((...inputs: tf.Tensor[]) => T) | undefined;
  return (...inputs) => (made ??= tf.customGrad(operation))(...inputs);
}

/**
 * Matrix product of a [batch, in] and a [in, out] tensor.
 *
 * The gradient transposes first and multiplies then: the backend's `matMul` with a transposed operand takes many
 * times as long as `transpose` followed by `matMul`.
 */
export const matMul = withGradient((a, b, save) => {
  const [x, weight] = [a as tf.Tensor2D, b as tf.Tensor2D];
  (save as tf.GradSaveFunc)([x, weight]);
  return {
    value: tf.matMul(x, weight),
    gradFunc: (dy: tf.Tensor2D, saved: tf.Tensor[]) => {
      const [x, weight] = saved as [tf.Tensor2D, tf.Tensor2D];
      return [tf.matMul(dy, tf.transpose(weight)), tf.matMul(tf.transpose(x), dy)];
    },
  };
}) as (x: tf.Tensor, weight: tf.Tensor) => tf.Tensor2D;

/** Adds a [out] bias to each row of a [batch, out] tensor. */
export const addBias = withGradient((x, bias) => ({
  value: tf.add(x as tf.Tensor, bias as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => [dy, sumOfRows(dy as tf.Tensor2D)],
})) as (x: tf.Tensor, bias: tf.Tensor) => tf.Tensor2D;

/**
 * The hyperbolic tangent of each element, as 2 sigmoid(2 x) - 1: the backend's own takes fifteen times as long.
 * The two differ by 1e-7 at the most.
 */
export const tanh = withGradient((x, save) => {
  const y = tf.sub(tf.mul(tf.sigmoid(tf.mul(x as tf.Tensor, 2)), 2), 1);
  (save as tf.GradSaveFunc)([y]);
  return {
    value: y,
    gradFunc: (dy: tf.Tensor, [y]: tf.Tensor[]) => tf.mul(dy, tf.sub(1, tf.square(y))),
  };
}) as (x: tf.Tensor) => tf.Tensor2D;

/**
 * Looks up rows of a [vocabulary, embedding] table: [batch, context] token ids make [batch, context * embedding],
 * the embeddings of a context side by side.
 *
 * It multiplies one-hot rows with the table: the backend's `gather` takes nine times as long, and has no gradient.
 */
export const embed = withGradient((table, ids, save) => {
  const [vocabularySize, embeddingSize] = (table as tf.Tensor2D).shape;
  const [batch, contextLength] = (ids as tf.Tensor2D).shape;
  const positions = batch * contextLength;
  const flat = tf.reshape(ids as tf.Tensor, [positions]) as tf.Tensor1D;
  const oneHot = positions * vocabularySize > MAX_ONE_HOT ? undefined : oneHotRows(flat, vocabularySize);
  const rows = oneHot ? tf.matMul(oneHot, table as tf.Tensor2D) : tf.gather(table as tf.Tensor2D, flat);
  (save as tf.GradSaveFunc)([ids as tf.Tensor, oneHot ?? flat]);
  return {
    value: tf.reshape(rows, [batch, contextLength * embeddingSize]),
    gradFunc: (dy: tf.Tensor, [ids, saved]: tf.Tensor[]) => {
      const oneHot = saved.rank === 2 ? saved : oneHotRows(saved as tf.Tensor1D, vocabularySize);
      const drows = tf.reshape(dy, [positions, embeddingSize]) as tf.Tensor2D;
      return [tf.matMul(tf.transpose(oneHot as tf.Tensor2D), drows), tf.zerosLike(ids)];
    },
  };
}) as (table: tf.Tensor, ids: tf.Tensor2D) => tf.Tensor2D;

/**
 * Mean cross-entropy of [positions, classes] logits against [positions] class ids, in nats: the mean NLL. Positions whose
 * class id is -1 are ignored, as in makemore.py. The mean is taken in float64: the backend's float32 sum of 228,146
 * losses is off in the fifth digit.
 *
 * The gradient of the logits is (softmax - one-hot) / positions that are not ignored.
 */
export const crossEntropy = withGradient((logits, classIds, save) => {
  const [positions, classes] = (logits as tf.Tensor2D).shape;
  const ids = (classIds as tf.Tensor1D).dataSync<"int32">();
  const predicted = ids.reduce((sum, id) => sum + Number(id >= 0), 0);
  const logProbs = tf.logSoftmax(logits as tf.Tensor2D);
  const oneHot = oneHotRows(classIds as tf.Tensor1D, classes); // -1 gives a row of zeros
  (save as tf.GradSaveFunc)([logProbs, oneHot]);
  const losses = tf.sum(tf.mul(logProbs, oneHot), 1).dataSync<"float32">();
  return {
    value: tf.scalar(-losses.reduce((sum, loss) => sum + loss, 0) / predicted),
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [logProbs, oneHot] = saved;
      const difference = tf.sub(tf.exp(logProbs), oneHot);
      const counted = predicted === positions
        ? difference
        : tf.mul(difference, tf.tensor2d(Float32Array.from(ids, (id) => Number(id >= 0)), [positions, 1]));
      return [tf.mul(counted, tf.div(dy, predicted)), tf.zerosLike(classIds as tf.Tensor1D)];
    },
  };
}) as (logits: tf.Tensor, classIds: tf.Tensor1D) => tf.Scalar;

/** Mean and standard deviation of each column of a batch; the variance divides by batch - 1, and has the epsilon added. */
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
 * Source: Ioffe and Szegedy, "Batch normalization", ICML 2015, algorithm 1.
 *
 * @param observe Takes the batch's statistics, which are disposed of when it returns.
 * @param epsilon Is added to the variance. Default 0, as in the notebook on makemore's third part.
 */
export function batchNormalize(
  x: tf.Tensor,
  gain: tf.Tensor,
  shift: tf.Tensor,
  observe?: (statistics: BatchStatistics) => void,
  epsilon = 0,
): tf.Tensor2D {
  return tf.customGrad((x, gain, shift, save) => {
    const batch = (x as tf.Tensor).shape[0];
    const mean = tf.div(sumOfRows(x as tf.Tensor2D), batch) as tf.Tensor1D;
    const centred = tf.sub(x as tf.Tensor2D, mean) as tf.Tensor2D;
    const variance = tf.div(sumOfRows(tf.square(centred)), batch - 1);
    const std = tf.sqrt(epsilon === 0 ? variance : tf.add(variance, epsilon)) as tf.Tensor1D;
    observe?.({ mean, std });
    (save as tf.GradSaveFunc)([centred, std, gain as tf.Tensor]);
    return {
      value: tf.add(tf.div(tf.mul(centred, gain as tf.Tensor), std), shift as tf.Tensor),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [centred, std, gain] = saved;
        const normalized = tf.div(centred, std);
        const dgain = sumOfRows(tf.mul(dy, normalized) as tf.Tensor2D);
        const dshift = sumOfRows(dy as tf.Tensor2D);
        const through = tf.add(tf.div(dshift, batch), tf.mul(normalized, tf.div(dgain, batch - 1)));
        return [tf.mul(tf.sub(dy, through), tf.div(gain, std)), dgain, dshift];
      },
    };
  })(x, gain, shift) as tf.Tensor2D;
}

/** Added to the variance, so that a row of equal numbers has no infinite normalization: PyTorch's and ONNX's default. */
const LAYER_NORM_EPSILON = 1e-5;

/**
 * Layer normalization of each row of a [rows, size] tensor: gain (x - mean) / sqrt(variance + 1e-5) + shift.
 *
 * With n the normalized row and dn = gain dy, the gradient is dx = (dn - mean(dn) - n mean(dn n)) / sqrt(variance + 1e-5).
 *
 * Source: Ba, Kiros and Hinton, "Layer normalization", 2016.
 */
export const layerNormalize = withGradient((x, gain, shift, save) => {
  const centred = tf.sub(x as tf.Tensor, tf.mean(x as tf.Tensor, 1, true)); // [rows, size]
  const variance = tf.mean(tf.square(centred), 1, true); // [rows, 1]
  const deviation = tf.sqrt(tf.add(variance, LAYER_NORM_EPSILON)); // [rows, 1]
  const normalized = tf.div(centred, deviation); // [rows, size]
  (save as tf.GradSaveFunc)([normalized, deviation, gain as tf.Tensor]);
  return {
    value: tf.add(tf.mul(normalized, gain as tf.Tensor), shift as tf.Tensor),
    gradFunc: (dy: tf.Tensor, [normalized, deviation, gain]: tf.Tensor[]) => {
      const dn = tf.mul(dy, gain);
      const through = tf.mul(normalized, tf.mean(tf.mul(dn, normalized), 1, true));
      return [
        tf.div(tf.sub(tf.sub(dn, tf.mean(dn, 1, true)), through), deviation),
        sumOfRows(tf.mul(dy, normalized) as tf.Tensor2D),
        sumOfRows(dy as tf.Tensor2D),
      ];
    },
  };
}) as (x: tf.Tensor, gain: tf.Tensor, shift: tf.Tensor) => tf.Tensor2D;

/** The constants of {@link gelu}: 2 sqrt(2 / pi), and that times 0.044715. */
export const GELU = [2 * Math.sqrt(2 / Math.PI), 2 * Math.sqrt(2 / Math.PI) * 0.044715] as const;

/**
 * The Gaussian error linear unit of each element in its tanh form, x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, which
 * is x sigmoid(z) with z = 2 sqrt(2 / pi) (x + 0.044715 x^3).
 *
 * Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016; `NewGELU` of makemore.py.
 */
export const gelu = withGradient((x, save) => {
  const square = tf.square(x as tf.Tensor);
  const gate = tf.sigmoid(tf.mul(x as tf.Tensor, tf.add(tf.mul(square, GELU[1]), GELU[0])));
  (save as tf.GradSaveFunc)([x as tf.Tensor, square, gate]);
  return {
    value: tf.mul(x as tf.Tensor, gate),
    gradFunc: (dy: tf.Tensor, [x, square, gate]: tf.Tensor[]) => {
      const slope = tf.add(tf.mul(square, 3 * GELU[1]), GELU[0]); // dz/dx
      const through = tf.mul(tf.mul(x, slope), tf.sub(1, gate));
      return tf.mul(dy, tf.mul(gate, tf.add(through, 1)));
    },
  };
}) as (x: tf.Tensor) => tf.Tensor2D;

/** [count] ids to one-hot rows [count, size]. The backend's `oneHot` is right for int32 only. */
function oneHotRows(ids: tf.Tensor1D, size: number): tf.Tensor2D {
  return tf.cast(tf.oneHot(ids, size), "float32") as tf.Tensor2D;
}

/** [rows, size] summed to [size], as a product with ones: the backend's `sum` over rows takes many times as long. */
function sumOfRows(x: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(tf.ones([1, x.shape[0]]), x), [x.shape[1]]) as tf.Tensor1D;
}
