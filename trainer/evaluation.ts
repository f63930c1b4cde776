import { dispose, logSoftmax, type Tensor, type Tensor2D, tensor2d } from "@tensorflow/tfjs";
import type { Network, TrainedNetwork } from "./architecture.ts";
import type { Split } from "./corpus.ts";
import { type Examples, examplesOf, IGNORED } from "./examples.ts";
import { mapValues, type Parameters, readValues, toTensor, type Weights } from "./parameters.ts";

/** Parameters, and how good they are. */
export interface EvaluatedCheckpoint {
  /** Steps that were made. */
  step: number;
  /** Mean NLL of the dev split, in nats a character. */
  devNll: number;
  parameters: Parameters;
}

/**
 * Computes a network's log-probabilities.
 *
 * @param tokens int32 [batch, time]
 * @returns Of the next token, float32: [batch, V] if the network has a window; otherwise [batch, time, V], after each
 * position.
 */
export function logProbs(network: Network, weights: Weights, tokens: Tensor2D): Tensor {
  return network.learns === "by counting"
    ? network.logProbs(weights, tokens)
    : logSoftmax(network.logits(weights, tokens));
}

/**
 * Computes the mean NLL of examples, in nats a character. The mean is taken in float64.
 *
 * @returns Infinity if a target is impossible.
 */
export function evaluate(network: Network, weights: Weights, examples: Examples): number {
  let sum = 0;
  let count = 0;
  for (const logProb of targetLogProbs(network, weights, examples)) {
    sum -= logProb;
    count++;
  }
  return sum / count;
}

/** Computes the mean NLL of each split, in nats a character. */
export function evaluateSplits(
  network: Network,
  weights: Weights,
  { train, dev, test }: Record<Split, Examples>,
): Record<Split, number> {
  return {
    train: evaluate(network, weights, train),
    dev: evaluate(network, weights, dev),
    test: evaluate(network, weights, test),
  };
}

/**
 * Computes the mean NLL of each word, in nats a character; Infinity for a word that is impossible.
 *
 * @param words The tokens of each word, without boundaries.
 */
export function scoreWords(
  network: Network,
  weights: Weights,
  words: readonly (readonly number[])[],
): number[] {
  const logProbs = targetLogProbs(network, weights, examplesOf(words, network.contextLength));
  return words.map(({ length }) => {
    let sum = 0;
    for (let i = 0; i <= length; i++) sum += logProbs.next().value!;
    return -sum / (length + 1);
  });
}

/**
 * Evaluates parameters on the dev split. Before that, it measures their buffers over the training split if the network
 * asks for it.
 *
 * @returns The NLL, and the parameters with those buffers.
 * @throws {Error} If the NLL is not a number.
 */
export function evaluateCheckpoint(
  network: TrainedNetwork,
  { train, dev }: Pick<Record<Split, Examples>, "train" | "dev">,
  { step, parameters }: Omit<EvaluatedCheckpoint, "devNll">,
): EvaluatedCheckpoint {
  const weights = mapValues(parameters, toTensor);
  const measured = network.measureBuffers?.(weights, train) ?? {};
  for (const [name, buffer] of Object.entries(measured)) {
    weights[name].dispose();
    weights[name] = toTensor(buffer);
  }
  const devNll = evaluate(network, weights, dev);
  dispose(weights);
  if (Number.isNaN(devNll)) {
    throw new Error(
      `Cannot evaluate the weights of step ${step}: their NLL on the dev split is not a number`,
    );
  }
  return { step, devNll, parameters: { ...parameters, ...measured } };
}

/** The log-probability of each target that is not ignored, in order. */
function* targetLogProbs(
  network: Network,
  weights: Weights,
  examples: Examples,
): Generator<number, undefined> {
  const V = network.vocabularySize;
  for (const { tokens, targets, count } of examples.batches()) {
    const shape: [number, number] = [count, tokens.length / count];
    const rows = readValues(() => logProbs(network, weights, tensor2d(tokens, shape, "int32"))); // (targets, V)
    for (let i = 0; i < targets.length; i++) {
      if (targets[i] !== IGNORED) yield rows[i * V + targets[i]];
    }
  }
}
