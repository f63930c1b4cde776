import { join } from "node:path";
import { CARD_QUANTILES, type ModelCard } from "../shared/model_card.ts";
import { finiteOrNull } from "../shared/score_record.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { nounOfFile } from "../shared/noun.ts";
import { quantiles } from "../shared/quantiles.ts";
import { TorchGenerator } from "../shared/random/torch.ts";
import type { TrainedNetwork } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { type BackendName, chooseBackend, evaluationBackend } from "./backends/all.ts";
import { removeCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type Corpus, SPLIT_SEED } from "./corpus.ts";
import {
  calibrationSample,
  evaluateCheckpoint,
  type EvaluatedCheckpoint,
  evaluateSplits,
  evaluationSamples,
  type OnProgress,
} from "./evaluation.ts";
import { type Examples, makeExamples } from "./examples.ts";
import { fit, type FitHooks, initialState, resultOf, type TrainingState } from "./fit.ts";
import { ModelKeptError, saveModel, type UnsavedCard } from "./save_model.ts";
import { exportOnnx } from "./onnx/export.ts";
import { parameterCount, type Parameters } from "./parameters.ts";
import { makePictures } from "./pictures.ts";
import type { Split } from "./splits.ts";
import type { TrainOptions } from "./train_options.ts";

/** Where to resume a run. */
export interface ResumePoint {
  state: TrainingState;
  /** How long the run had taken. */
  seconds: number;
}

/** Callbacks of a training run. */
export interface TrainHooks extends FitHooks {
  /** Called while the splits are evaluated at the end. */
  onProgress?: OnProgress;
}

/** The outcome of a training run. */
export interface TrainResult {
  /** The model's card, without the hashes of its files. */
  card: UnsavedCard;
  /** The run was stopped by its signal; a checkpoint is kept. */
  stopped: boolean;
  /** NLL of a uniform guess, in nats, if the model is worse than that; otherwise null. */
  failedAgainst: number | null;
  /** The model's ONNX file, or null if the model was not written. */
  file: string | null;
  /** Why it was not written: there is a better model of this name. A checkpoint is kept. */
  kept?: string;
}

/**
 * Trains a model on a list and writes it with its card. A run that is stopped by its signal writes the best model so far,
 * and a checkpoint.
 *
 * A model that is worse than a uniform guess, was stopped or was not trained replaces a better one of the same name only
 * with `options.overwrite`.
 *
 * @throws {Error} If the loss is not a finite number; then no model is written.
 */
export async function train(
  corpus: Corpus,
  options: TrainOptions,
  resumed?: ResumePoint,
  hooks: TrainHooks = {},
): Promise<TrainResult> {
  const { vocabulary, list } = corpus;
  const network = findArchitecture(options.architecture).build(options.hyperparameters, vocabulary.size);
  const examples = makeExamples(corpus, network.contextLength);
  const started = performance.now();
  const seconds = () => (resumed?.seconds ?? 0) + (performance.now() - started) / 1000;

  let parameters: Parameters;
  let training: ModelCard["training"];
  let stopped = false;
  let backend: BackendName = "tensorflow";
  if (network.learns === "by counting") {
    parameters = network.count(examples.train);
    training = { steps: 0, batch_size: 0, seed: null, seconds: seconds(), loss_history: [] };
  } else {
    backend = chooseBackend(options.backend ?? backend, network, options);
    const state = await fit(
      network,
      examples,
      { ...options, backend },
      resumed?.state ?? firstState(network, options),
      {
        ...hooks,
        onEvaluation: async (state, devNll) => {
          await keepCheckpoint(state);
          await hooks.onEvaluation?.(state, devNll);
        },
      },
    );
    stopped = state.step < options.steps;
    const best = await bestCheckpoint(network, examples, state);
    parameters = best.parameters;
    training = {
      steps: state.step,
      batch_size: options.batch === "all" ? examples.train.count : options.batch,
      seed: options.seed,
      seconds: seconds(),
      optimizer: options.optimizer,
      backend,
      learning_rate: options.lr,
      schedule: options.schedule,
      weight_decay: options.weightDecay,
      ...(options.warmup && { warmup: options.warmup }),
      ...(options.clip !== undefined && { clip: options.clip }),
      ...(options.beta2 !== undefined && { beta2: options.beta2 }),
      ...(options.dropout && { dropout: options.dropout }),
      ...(options.workers !== undefined && options.workers > 1 && { workers: options.workers }),
      ...(options.average && { average: options.average }),
      best_step: best.step,
      ...sampleSizes(network, examples),
      loss_history: state.history,
    };
    if (stopped) await keepCheckpoint(state);
  }

  function keepCheckpoint(state: TrainingState): Promise<void> {
    const checkpoint = {
      options: { ...options, backend },
      listSha256: list.sha256,
      seconds: seconds(),
      state,
    };
    return saveCheckpoint(options.checkpoints, checkpoint);
  }

  const evaluator = await evaluationBackend(network, parameters, examples.train)
    .evaluator(network, parameters);
  parameters = { ...parameters, ...evaluator.measureBuffers(calibrationSample(examples.train)) };
  const { nll, devWords } = evaluateSplits(evaluator, examples, corpus.words, hooks.onProgress);
  evaluator.dispose();
  const { name, architecture, hyperparameters } = options;
  const onnx = exportOnnx(network, parameters, { name, architecture, vocabulary, devNll: nll.dev });
  const card: UnsavedCard = {
    name,
    noun: options.noun ?? nounOfFile(list.name),
    architecture,
    hyperparameters,
    parameters: parameterCount(parameters, network.learns === "by counting" ? [] : network.buffers),
    vocabulary: vocabulary.characters,
    context_length: network.contextLength,
    ...(network.states && { states: [...network.states] }),
    ...(network.exactPasses && { exact_passes: true as const }),
    dataset: { name: list.name, lines: list.lines.length, sha256: list.sha256, split_seed: SPLIT_SEED },
    training,
    nll: { train: finiteOrNull(nll.train), dev: finiteOrNull(nll.dev), test: finiteOrNull(nll.test) },
    nll_quantiles: quantiles(devWords, CARD_QUANTILES).map(finiteOrNull),
    pictures: makePictures(corpus.words.train, parameters, vocabulary.size),
  };
  const uniform = Math.log(vocabulary.size);
  const unfinished = stopped || (network.learns !== "by counting" && options.steps === 0);
  const failed = !unfinished && nll.dev > uniform;
  const result = { card, stopped, failedAgainst: failed ? uniform : null };
  const mayReplace = (unfinished || failed) && !options.overwrite
    ? (previous: ModelCard) => whyKept(previous, card)
    : undefined;
  try {
    const { onnx: names } = modelFileNames(
      name,
      await saveModel(options.out, { onnx, list: list.bytes }, card, mayReplace),
    );
    if (!stopped) await removeCheckpoint(options.checkpoints, name);
    return { ...result, file: join(options.out, names.versioned) };
  } catch (error) {
    if (error instanceof ModelKeptError) return { ...result, file: null, kept: error.message };
    throw error;
  }
}

/** Why a model may not replace the previous one of its name: that one is better on the dev split. Undefined if it may. */
function whyKept(previous: ModelCard, { nll }: UnsavedCard): string | undefined {
  const figure = (value: number | null) => value?.toFixed(4) ?? "infinite";
  if (previous.nll.dev === null || previous.nll.dev >= (nll.dev ?? Infinity)) return undefined;
  return `the existing model has a lower dev NLL: ${figure(previous.nll.dev)}, not ${figure(nll.dev)}`;
}

function firstState(network: TrainedNetwork, options: TrainOptions): TrainingState {
  const generator = new TorchGenerator(options.seed);
  return initialState(network, network.initialise(generator), generator, options);
}

/** The best parameters of a run, including those after its last step, even if that was not evaluated in training. */
async function bestCheckpoint(
  network: TrainedNetwork,
  examples: Record<Split, Examples>,
  state: TrainingState,
): Promise<EvaluatedCheckpoint> {
  const { best, step } = state;
  if (best?.step === step) return best;
  const parameters = resultOf(state);
  const backend = evaluationBackend(network, parameters, examples.train);
  const last = await evaluateCheckpoint(network, evaluationSamples(examples), { step, parameters }, backend);
  return best && best.devNll <= last.devNll ? best : last;
}

/** The sizes of the samples that stood for whole splits, for the card. */
function sampleSizes(
  network: TrainedNetwork,
  { train, dev }: Record<Split, Examples>,
): Pick<ModelCard["training"], "dev_sample" | "calibration_sample"> {
  const sampled = evaluationSamples({ train, dev }).dev.targetCount;
  const calibrated = calibrationSample(train).targetCount;
  return {
    ...(sampled < dev.targetCount && { dev_sample: sampled }),
    ...(network.measureBuffers && calibrated < train.targetCount && { calibration_sample: calibrated }),
  };
}
