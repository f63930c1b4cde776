import { tensor2d } from "@tensorflow/tfjs";
import type { LanguageModel } from "../shared/language_model.ts";
import type { Network } from "./architecture.ts";
import { logProbs } from "./evaluation.ts";
import { readValues, type Weights } from "./parameters.ts";

/**
 * Wraps a network and its weights as a language model, so that the sampler and the scorer can use it. A network that sees all
 * tokens is given whole beginnings: in TensorFlow.js it hands on no states. The weights stay the caller's to dispose of.
 */
export function tensorFlowModel(network: Network, weights: Weights): LanguageModel {
  const { vocabularySize, contextLength } = network;
  return {
    vocabularySize,
    contextLength,
    states: [],
    step: (tokens, batch) =>
      Promise.resolve({ logProbs: lastLogProbs(network, weights, tokens, batch), present: [] }),
  };
}

/**
 * Computes the log-probabilities of the token after the last position.
 *
 * @param tokens [batch, time]: windows, or beginnings of words with their boundary if the network has no window.
 * @returns [batch, V], row-major.
 */
export function lastLogProbs(
  network: Network,
  weights: Weights,
  tokens: Int32Array<ArrayBuffer>,
  batch: number,
): Float32Array {
  const V = network.vocabularySize;
  const time = tokens.length / batch;
  const values = readValues(() => logProbs(network, weights, tensor2d(tokens, [batch, time], "int32")));
  if (network.contextLength !== null) return values;
  const rows = new Float32Array(batch * V); // of [batch, time, V]
  for (let i = 0; i < batch; i++) {
    rows.set(values.subarray(((i + 1) * time - 1) * V, (i + 1) * time * V), i * V);
  }
  return rows;
}
