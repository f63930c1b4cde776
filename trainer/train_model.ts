import { CARD_QUANTILES, type ModelCard } from "../shared/model_card.ts";
import { deriveNoun } from "../shared/noun.ts";
import { quantiles } from "../shared/quantiles.ts";
import { TorchGenerator } from "../shared/random/torch.ts";
import { finiteOrNull } from "../shared/score_record.ts";
import type { TrainedNetwork } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { type BackendName, chooseBackend, evaluationBackend } from "./backends/all.ts";
import { hasRelaxedSimd } from "./backends/fused/simd.ts";
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
import { exportOnnx } from "./onnx/export.ts";
import { parameterCount, type Parameters } from "./parameters.ts";
import { makePictures } from "./pictures.ts";
import type { Split } from "./splits.ts";
import type { ModelOptions } from "./train_options.ts";

/*
 * Training in memory. Nothing here reads or writes files, so it runs in a browser too.
 */

/** A card before its ONNX file is written. */
export type UnsavedCard = Omit<ModelCard, "sha256">;

/** Where to resume a run. */
export interface ResumePoint {
  state: TrainingState;
  /** How long the run had taken. */
  seconds: number;
}

/** A run that can be resumed. */
export interface RunProgress extends ResumePoint {
  /** What computes its steps. */
  backend: BackendName;
}

/** Callbacks of a training run. */
export interface TrainHooks extends FitHooks {
  /** Called after each evaluation, and when the run is stopped, with what is needed to resume it. */
  onCheckpoint?(progress: RunProgress): void | Promise<void>;
  /** Called with what computes the steps, before it starts. */
  onBackend?(backend: BackendName): void | Promise<void>;
  /** Called while the splits are evaluated at the end. */
  onProgress?: OnProgress;
  /** Ends that evaluation, and the run with it, if all steps were made. */
  abandon?: AbortSignal;
}

/** A trained model, in memory. */
export interface TrainedModel {
  /** Its card, without the hashes of its files. */
  card: UnsavedCard;
  /** Its ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The list that it was trained on. */
  list: Uint8Array<ArrayBuffer>;
  /** The run was stopped by its signal. */
  stopped: boolean;
  /** NLL of a uniform guess, in nats, if the model is worse than that; otherwise null. */
  failedAgainst: number | null;
}

/**
 * Trains a model on a list. A run that is stopped by its signal gives the best model so far.
 *
 * @throws {Error} If the loss is not a finite number.
 * @throws The reason of `hooks.abandon`.
 */
export async function trainModel(
  corpus: Corpus,
  options: ModelOptions,
  resumed?: ResumePoint,
  hooks: TrainHooks = {},
): Promise<TrainedModel> {
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
    await hooks.onBackend?.(backend);
    const state = await fit(
      network,
      examples,
      { ...options, backend },
      resumed?.state ?? firstState(network, options),
      {
        ...hooks,
        onEvaluation: async (state, devNll) => {
          await checkpoint(state);
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
      ...(backend === "fused" && { kernel: hasRelaxedSimd() ? "relaxed-simd" as const : "simd" as const }),
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
    if (stopped) await checkpoint(state);
  }

  async function checkpoint(state: TrainingState): Promise<void> {
    await hooks.onCheckpoint?.({ state, seconds: seconds(), backend });
  }

  const evaluator = await evaluationBackend(network, parameters)
    .evaluator(network, parameters);
  parameters = { ...parameters, ...evaluator.measureBuffers(calibrationSample(examples.train)) };
  const abandoned = stopped ? undefined : hooks.abandon; // what a stopped run has learnt is kept
  const { nll, devWords } = await evaluateSplits(
    evaluator,
    examples,
    corpus.words,
    hooks.onProgress,
    abandoned,
  ).finally(() => evaluator.dispose());
  const { name, architecture, hyperparameters } = options;
  const onnx = exportOnnx(network, parameters, { name, architecture, vocabulary, devNll: nll.dev });
  const card: UnsavedCard = {
    name,
    noun: options.noun ?? deriveNoun(list.name, options.name),
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
  const failed = !stopped && !isUntrained(card) && nll.dev > uniform;
  return { card, onnx, list: list.bytes, stopped, failedAgainst: failed ? uniform : null };
}

/** Whether it is a network after no steps. */
export function isUntrained({ training }: UnsavedCard): boolean {
  return training.steps === 0 && training.seed !== null;
}

function firstState(network: TrainedNetwork, options: ModelOptions): TrainingState {
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
  const backend = evaluationBackend(network, parameters);
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
