import { logSoftmax, type Tensor, type Tensor2D, tensor2d } from "@tensorflow/tfjs";
import { takeTurn } from "../shared/event_loop.ts";
import type { Network, TrainedNetwork } from "./architecture.ts";
import type { Backend, Evaluator } from "./backend.ts";
import { type EvaluationBatch, type Examples, examplesOf } from "./examples.ts";
import { type Parameters, readValues, type Weights } from "./parameters.ts";
import { type Split, SPLITS } from "./splits.ts";

/** Training and evaluations yield to the event loop this often, in milliseconds, so that signals are heard. */
export const MILLISECONDS_PER_TURN = 100;
/**
 * Most targets of the dev split that an evaluation in training takes; of a larger split it takes a sample. The list in this
 * repository and the notebooks' list have 23,000.
 */
const MAX_DEV_TARGETS = 2 ** 15;
/** Most targets of the train split over which buffers are measured. The notebooks' list has 182,625. */
const MAX_CALIBRATION_TARGETS = 2 ** 18;
/** Targets over which they are measured in training if there are more than {@link MAX_CALIBRATION_TARGETS}. */
const SMALL_CALIBRATION_TARGETS = 2 ** 15;

/** Parameters, and how good they are. */
export interface EvaluatedCheckpoint {
  /** Steps that were made. */
  step: number;
  /** Mean NLL of the dev split, or of a sample of it, in nats a character. */
  devNll: number;
  parameters: Parameters;
}

/** Called with the number of targets that were evaluated since the last call. */
export type OnEvaluated = (targets: number) => void;

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

/** Computes the NLL of each target of a batch with TensorFlow.js; see {@link Evaluator.losses}. */
export function batchLosses(
  network: Network,
  weights: Weights,
  { tokens, count, targets, rows }: EvaluationBatch,
): Float32Array {
  const V = network.vocabularySize;
  const shape: [number, number] = [count, tokens.length / count];
  const values = readValues(() => logProbs(network, weights, tensor2d(tokens, shape, "int32"))); // (rows, V)
  return Float32Array.from(rows, (row, i) => -values[row * V + targets[i]]);
}

/** Computes the NLL of each target, in nats, into `losses`: [targets]. Yields the number of targets of each batch. */
function* evaluateBatches(
  evaluator: Pick<Evaluator, "losses">,
  examples: Examples,
  losses: Float32Array,
): Generator<number> {
  for (const batch of examples.evaluationBatches()) {
    const { places } = batch;
    const ofBatch = evaluator.losses(batch);
    for (let i = 0; i < places.length; i++) losses[places[i]] = ofBatch[i];
    yield places.length;
  }
}

/**
 * Computes the NLL of each target.
 *
 * @returns [targets], in nats; Infinity if a target is impossible.
 */
export function targetLosses(
  evaluator: Pick<Evaluator, "losses">,
  examples: Examples,
  onEvaluated?: OnEvaluated,
): Float32Array {
  const losses = new Float32Array(examples.targetCount);
  for (const targets of evaluateBatches(evaluator, examples, losses)) onEvaluated?.(targets);
  return losses;
}

/**
 * Computes the mean NLL of examples, in nats a character. The mean is taken in float64.
 *
 * @returns Infinity if a target is impossible.
 */
export function evaluate(network: Network, weights: Weights, examples: Examples): number {
  return meanLoss(targetLosses(withTensorFlow(network, weights), examples));
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
  onProgress?: OnProgress,
): number[] {
  const examples = examplesOf(words, network.contextLength);
  let evaluated = 0;
  const losses = targetLosses(
    withTensorFlow(network, weights),
    examples,
    (targets) => onProgress?.(evaluated += targets, examples.targetCount),
  );
  return wordLosses(losses, words);
}

function withTensorFlow(network: Network, weights: Weights): Pick<Evaluator, "losses"> {
  return { losses: (batch) => batchLosses(network, weights, batch) };
}

/** The NLL of a model, in nats a character. */
export interface SplitLosses {
  /** Of each split. */
  nll: Record<Split, number>;
  /** Of each word of the dev split. */
  devWords: number[];
}

/** Called with how many targets of all were evaluated. */
export type OnProgress = (evaluated: number, all: number) => void;

/**
 * Evaluates all splits of a list. It yields to the event loop as training does.
 *
 * @param signal Ends it.
 * @throws The signal's reason.
 */
export async function evaluateSplits(
  evaluator: Pick<Evaluator, "losses">,
  examples: Record<Split, Examples>,
  words: Record<"dev", readonly (readonly number[])[]>,
  onProgress?: OnProgress,
  signal?: AbortSignal,
): Promise<SplitLosses> {
  const all = SPLITS.reduce((sum, split) => sum + examples[split].targetCount, 0);
  const [train, dev, test] = SPLITS.map((split) => new Float32Array(examples[split].targetCount));
  const losses = { train, dev, test };
  let evaluated = 0;
  let turnEnds = performance.now() + MILLISECONDS_PER_TURN;
  for (const split of SPLITS) {
    for (const targets of evaluateBatches(evaluator, examples[split], losses[split])) {
      onProgress?.(evaluated += targets, all);
      if (performance.now() < turnEnds) continue;
      await takeTurn();
      signal?.throwIfAborted();
      turnEnds = performance.now() + MILLISECONDS_PER_TURN;
    }
  }
  return {
    nll: { train: meanLoss(train), dev: meanLoss(dev), test: meanLoss(test) },
    devWords: wordLosses(dev, words.dev),
  };
}

/** The splits that an evaluation in training takes, of bounded size. */
export function evaluationSamples(
  { train, dev }: Pick<Record<Split, Examples>, "train" | "dev">,
): Pick<Record<Split, Examples>, "train" | "dev"> {
  return {
    train: train.targetCount <= MAX_CALIBRATION_TARGETS ? train : train.sample(SMALL_CALIBRATION_TARGETS),
    dev: dev.sample(MAX_DEV_TARGETS),
  };
}

/** The examples over which the buffers of the finished model are measured. */
export function calibrationSample(train: Examples): Examples {
  return train.sample(MAX_CALIBRATION_TARGETS);
}

/**
 * Evaluates parameters on dev examples. Before that, it measures their buffers over train examples if the network asks for
 * it.
 *
 * @param samples See {@link evaluationSamples}.
 * @returns The NLL, and the parameters with those buffers.
 * @throws {Error} If the NLL is not a number.
 */
export async function evaluateCheckpoint(
  network: TrainedNetwork,
  samples: Pick<Record<Split, Examples>, "train" | "dev">,
  { step, parameters }: Omit<EvaluatedCheckpoint, "devNll">,
  backend: Pick<Backend, "evaluator">,
): Promise<EvaluatedCheckpoint> {
  const evaluator = await backend.evaluator(network, parameters);
  try {
    const measured = evaluator.measureBuffers(samples.train);
    const devNll = meanLoss(targetLosses(evaluator, samples.dev));
    if (Number.isNaN(devNll)) {
      throw new Error(
        `Cannot evaluate the weights of step ${step}: their NLL on the dev split is not a number`,
      );
    }
    return { step, devNll, parameters: { ...parameters, ...measured } };
  } finally {
    evaluator.dispose();
  }
}

/** The mean, in float64. */
function meanLoss(losses: Float32Array): number {
  let sum = 0;
  for (const loss of losses) sum += loss;
  return sum / losses.length;
}

/** The mean of each word's losses, with that of its closing boundary. */
function wordLosses(losses: Float32Array, words: readonly (readonly number[])[]): number[] {
  let place = 0;
  return words.map(({ length }) => {
    let sum = 0;
    for (let i = 0; i <= length; i++) sum += losses[place++];
    return sum / (length + 1);
  });
}
