import { dispose } from "@tensorflow/tfjs";
import { join } from "node:path";
import type { Examples } from "../shared/context.ts";
import type { LanguageModel } from "../shared/language_model.ts";
import { finiteOrNull } from "../shared/score_record.ts";
import { CARD_QUANTILES, type ModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { quantiles } from "../shared/quantiles.ts";
import { TorchGenerator } from "../shared/random/torch.ts";
import type { TrainedNetwork } from "./architecture.ts";
import { findArchitecture } from "./architectures/all.ts";
import { type BackendName, chooseBackend } from "./backends/all.ts";
import { removeCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import { type Corpus, makeExamples, type Split, SPLIT_SEED } from "./corpus.ts";
import { evaluate, scoreWords, tensorFlowModel } from "./evaluate.ts";
import { type Candidate, fit, type FitHooks, type FitState, initialState, judge } from "./fit.ts";
import { ModelKeptError, saveModel, type UnsavedCard } from "./save_model.ts";
import { exportOnnx } from "./onnx/export.ts";
import { mapValues, parameterCount, type Parameters, toTensor } from "./parameters.ts";
import { makePictures } from "./pictures.ts";
import type { TrainOptions } from "./train_options.ts";

/** Where a run that was stopped goes on. */
export interface ResumePoint {
  state: FitState;
  /** How long it has run before. */
  seconds: number;
}

/** How a training run ended. */
export interface TrainResult {
  /** What is known of the model, but for what its files say. */
  card: UnsavedCard;
  /** The run was ended by its signal, before its last step; a checkpoint is kept. */
  stopped: boolean;
  /** The model is worse than a uniform guess over its tokens, whose NLL in nats this is; null where it is not. */
  failedAgainst: number | null;
  /** The model's ONNX file, or null where the model was not written. */
  file: string | null;
  /** Why it was not written: a better model has its name. A checkpoint is kept. */
  kept?: string;
}

/**
 * Trains a model on a list and writes it with its card. A run that its signal ends writes the best model that
 * it has, and a checkpoint to go on from.
 *
 * A model that is worse than a uniform guess, was stopped, or was not trained at all does not replace a better one of its name,
 * unless it is told to.
 *
 * @throws {Error} If the loss is no longer a number; no model is written then.
 */
export async function train(
  corpus: Corpus,
  options: TrainOptions,
  resumed?: ResumePoint,
  hooks: FitHooks = {},
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
    backend = chooseBackend(options.backend ?? backend, network, vocabulary.size, options);
    const state = await fit(
      network,
      vocabulary.size,
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
    const best = await bestCandidate(network, vocabulary.size, examples, state);
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
      best_step: best.step,
      loss_history: state.history,
    };
    if (stopped) await keepCheckpoint(state);
  }

  function keepCheckpoint(state: FitState): Promise<void> {
    const checkpoint = {
      options: { ...options, backend },
      listSha256: list.sha256,
      seconds: seconds(),
      state,
    };
    return saveCheckpoint(options.checkpoints, checkpoint);
  }

  const weights = mapValues(parameters, toTensor);
  const model = tensorFlowModel(network, weights, vocabulary.size);
  const nll = await evaluateSplits(model, examples);
  const nllQuantiles = await devQuantiles(model, corpus);
  dispose(weights);
  const { name, architecture, hyperparameters } = options;
  const onnx = exportOnnx(network, parameters, { name, architecture, vocabulary, devNll: nll.dev });
  const card: UnsavedCard = {
    name,
    architecture,
    hyperparameters,
    parameters: parameterCount(parameters, network.learns === "by counting" ? [] : network.statistics),
    vocabulary: vocabulary.characters,
    context_length: network.contextLength,
    dataset: { name: list.name, lines: list.lines.length, sha256: list.sha256, split_seed: SPLIT_SEED },
    training,
    nll: { train: finiteOrNull(nll.train), dev: finiteOrNull(nll.dev), test: finiteOrNull(nll.test) },
    nll_quantiles: nllQuantiles.map(finiteOrNull),
    pictures: makePictures(examples.train, parameters, vocabulary.size),
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

/** Why a model is kept in place of another of its name: it is better on the dev split. Undefined where it is not. */
function whyKept(previous: ModelCard, { nll }: UnsavedCard): string | undefined {
  const figure = (value: number | null) => value?.toFixed(4) ?? "infinite";
  if (previous.nll.dev === null || previous.nll.dev >= (nll.dev ?? Infinity)) return undefined;
  return `the model that is there has a lower dev NLL: ${figure(previous.nll.dev)}, not ${figure(nll.dev)}`;
}

/** The mean NLL of each split, in nats a character. */
export async function evaluateSplits(
  model: LanguageModel,
  examples: Record<Split, Examples>,
): Promise<Record<Split, number>> {
  return {
    train: await evaluate(model, examples.train),
    dev: await evaluate(model, examples.dev),
    test: await evaluate(model, examples.test),
  };
}

function firstState(network: TrainedNetwork, options: TrainOptions): FitState {
  const generator = new TorchGenerator(options.seed);
  return initialState(network, network.initialise(generator), generator, options);
}

/** The best parameters of a run, those of its last step included, wherever it was stopped. */
async function bestCandidate(
  network: TrainedNetwork,
  vocabularySize: number,
  examples: Record<Split, Examples>,
  state: FitState,
): Promise<Candidate> {
  const { best, step } = state;
  if (best?.step === step) return best;
  const last = await judge(network, vocabularySize, examples, state);
  return best && best.devNll <= last.devNll ? best : last;
}

/** Quantiles of the NLL of the dev split's names. */
async function devQuantiles(model: LanguageModel, { words }: Corpus): Promise<number[]> {
  const nlls: number[] = [];
  for await (const { nll } of scoreWords(model, words.dev)) nlls.push(nll);
  return quantiles(nlls, CARD_QUANTILES);
}
