import { type Tensor, tensor2d, tidy } from "@tensorflow/tfjs";
import { type Examples, slideContexts } from "../shared/context.ts";
import { type Likelihood, likelihood } from "../shared/scoring.ts";
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
  const { contextLength, vocabularySize } = model as LanguageModel & { contextLength: number };
  let sum = 0;
  let example = 0;
  for (const some of contextBatches(contexts, contextLength)) {
    const { logProbs: rows } = await model.step(some, some.length / contextLength, []);
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
    states: [],
    step: (contexts, batch) => {
      const logProbs = valuesOf(() =>
        network.logProbs(weights, tensor2d(contexts, [batch, contextLength], "int32"))
      );
      return Promise.resolve({ logProbs, present: [] });
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

/**
 * Scores many words, batch by batch.
 *
 * @param words The tokens of each word, without boundaries.
 * @yields One likelihood a word, in order.
 */
export async function* scoreWords(
  model: LanguageModel,
  words: readonly (readonly number[])[],
): AsyncGenerator<Likelihood> {
  let start = 0;
  while (start < words.length) {
    let end = start;
    let count = 0;
    while (end < words.length && (count === 0 || count + words[end].length < BATCH_CONTEXTS)) {
      count += words[end++].length + 1;
    }
    const { contexts, targets } = slideContexts(words.slice(start, end), model.contextLength!);
    const { logProbs: rows } = await model.step(contexts, targets.length, []);
    let row = 0;
    for (const word of words.slice(start, end)) {
      let logLikelihood = 0;
      for (let i = 0; i <= word.length; i++, row++) {
        logLikelihood += rows[row * model.vocabularySize + targets[row]];
      }
      yield likelihood(logLikelihood, word.length + 1);
    }
    start = end;
  }
}
