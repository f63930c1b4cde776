/*
 * The parts of a training step. Each is a function on addresses in memory, with a second one for its gradient; what
 * calls them in which order is a plan (../step_plan.ts).
 *
 * Matrices are row-major float32. Their rows come in fours and their columns in eights, padded with zeros; a stride is
 * the number of bytes from one row to the next. The padding of a parameter stays zero, because its gradient is zero.
 */
export { attention, attentionGradient } from "./attention";
export { batchNormalization, batchNormalizationGradient, normalize } from "./batch_normalization";
export { addCausalMean, addCausalMeanGradient } from "./causal_mean";
export { crossEntropy, logSoftmaxInPlace } from "./cross_entropy";
export { dropout } from "./dropout";
export { embedding, embeddingGradient } from "./embedding";
export { gelu, geluGradient } from "./gelu";
export { gru, gruGradient } from "./gru";
export { layerNormalization, layerNormalizationGradient } from "./layer_normalization";
export { linear, linearGradient } from "./linear";
export { lstm, lstmGradient } from "./lstm";
export { adam, momentum, scale, sgd, sumOfSquares } from "./optimizers";
export { addPositions, addPositionsGradient, addRow } from "./positions";
export { rnn, rnnGradient } from "./rnn";
export { tanhGradient, tanhInPlace } from "./tanh";

/* Exported only so that the compiler does not inline them into the linear layer, where registers spill: 2% of a step. */
export { multiply, multiplyTransposed, sumOfRows, transpose } from "./matrix";
/** Address of the first free byte of memory. */
export const heapBase: usize = __heap_base;
