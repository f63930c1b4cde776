import { type Tensor, tensor2d, tidy } from "@tensorflow/tfjs";
import type { Examples } from "../shared/context.ts";
import type { LanguageModel } from "../shared/language_model.ts";
import type { Network } from "./architecture.ts";
import type { Weights } from "./parameters.ts";

/** Most contexts in one forward pass. */
const BATCH_CONTEXTS = 4096;

/**
 * The mean NLL of some examples, in nats a character. The mean is taken in float64.
 *
 * @returns Infinity if an example is impossible.
 */
export async function evaluate(
  model: LanguageModel,
  { contexts, targets, count }: Examples,
): Promise<number> {
  const { contextLength, vocabularySize } = model;
  let sum = 0;
  let example = 0;
  for (const some of contextBatches(contexts, contextLength)) {
    const rows = await model.logProbs(some);
    for (let row = 0; row < rows.length; row += vocabularySize) sum -= rows[row + targets[example++]];
  }
  return sum / count;
}

/** Contexts in parts that fit a forward pass, each [at most {@link BATCH_CONTEXTS}, contextLength]. */
export function* contextBatches(
  contexts: Int32Array<ArrayBuffer>,
  contextLength: number,
): Generator<Int32Array<ArrayBuffer>> {
  const size = BATCH_CONTEXTS * contextLength;
  for (let start = 0; start < contexts.length; start += size) yield contexts.slice(start, start + size);
}

/** A network with its weights, in TensorFlow.js, as a language model. The weights stay their owner's. */
export function tensorFlowModel(network: Network, weights: Weights, vocabularySize: number): LanguageModel {
  const { contextLength } = network;
  return {
    vocabularySize,
    contextLength,
    logProbs: (contexts) => {
      const batch = contexts.length / contextLength;
      const rows = valuesOf(() =>
        network.logProbs(weights, tensor2d(contexts, [batch, contextLength], "int32"))
      );
      return Promise.resolve(rows);
    },
  };
}

/**
 * The values of a tensor that is computed on the way. They are read outside of `tidy`, which would look for
 * tensors among them, number by number.
 */
export function valuesOf(compute: () => Tensor): Float32Array {
  const result = tidy(compute);
  const values = Float32Array.from(result.dataSync());
  result.dispose();
  return values;
}
