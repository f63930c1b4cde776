import * as z from "zod";
import { finishCard, type ModelCard, modelName } from "../shared/model_card.ts";
import { nounSchema } from "../shared/noun_schema.ts";
import { findArchitecture } from "../trainer/architectures/all.ts";
import { makeCorpus, parseList } from "../trainer/corpus.ts";
import { optimizers } from "../trainer/optimizers.ts";
import { type TrainHooks, trainModel } from "../trainer/train_model.ts";
import { DEFAULT_OPTIONS, type ModelOptions } from "../trainer/train_options.ts";
import { type Bytes, bytesOf, isBytes } from "./bytes.ts";
import type { Progress, TrainOptions } from "./train_options.ts";
import { startTensorFlow } from "./tensorflow.ts";

/*
 * The entry `edgemore/train`: the trainer as a function.
 */

export type { Bytes, ModelCard, Progress, TrainOptions };

/** A trained model: what `openModel` takes. */
export interface TrainedModel {
  card: ModelCard;
  /** Its ONNX file. */
  onnx: Uint8Array<ArrayBuffer>;
  /** The list that it was trained on. */
  list: Uint8Array<ArrayBuffer>;
  /** Whether its signal stopped the run. */
  stopped: boolean;
  /** Whether it is worse than a uniform guess over all characters. */
  failed: boolean;
}

const wholeNumber = (least: number, most: number) => z.int().min(least).max(most);
const number = (least: number, most: number) => z.number().min(least).max(most);

/** The options that are numbers or names, with the ranges of `edgemore train`. */
const schema = z.object({
  noun: nounSchema().optional(),
  architecture: z.string().default(DEFAULT_OPTIONS.architecture),
  steps: wholeNumber(0, 1e9).default(DEFAULT_OPTIONS.steps),
  lr: number(1e-9, 1e3).default(DEFAULT_OPTIONS.lr),
  schedule: z.enum(["constant", "step", "cosine"]).default(DEFAULT_OPTIONS.schedule),
  warmup: wholeNumber(0, 1e9).default(DEFAULT_OPTIONS.warmup),
  average: number(0, 0.99999).optional(),
  batch: z.union([wholeNumber(1, 1e6), z.literal("all")]).default(DEFAULT_OPTIONS.batch),
  optimizer: z.enum(["sgd", "momentum", "adam", "adamw"]).default(DEFAULT_OPTIONS.optimizer),
  weightDecay: number(0, 1e3).optional(),
  clip: number(1e-9, 1e9).optional(),
  beta2: number(0, 0.999999).optional(),
  dropout: number(0, 0.99).default(DEFAULT_OPTIONS.dropout),
  backend: z.enum(["auto", "fused", "tensorflow"]).default(DEFAULT_OPTIONS.backend),
  seed: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(DEFAULT_OPTIONS.seed),
});

/**
 * Trains a model on a list. The same list, options and kernel (`card.training.kernel`) give the same ONNX file, which is also that
 * of `edgemore train`.
 *
 * It runs in the calling thread, and lets the event loop run every tenth of a second. In a browser, call it in a Web Worker.
 *
 * @throws {Error} If the list is not one, or the loss is not a finite number, or the backend is "tensorflow" and TensorFlow.js is
 * not installed.
 * @throws {RangeError} If an option is not allowed.
 *
 * @example
 * ```ts
 * import { openModel } from "edgemore";
 * import { train } from "edgemore/train";
 * import { readFile } from "node:fs/promises";
 *
 * const trained = await train({
 *   list: await readFile("pets.txt"),
 *   name: "pets",
 *   steps: 2000,
 *   onProgress: ({ step, steps, loss }) => console.error(`${step} of ${steps}: ${loss?.toFixed(3)}`),
 * });
 * const model = await openModel(trained);
 * ```
 */
export async function train(
  { list, listName = "list.txt", onProgress, signal, ...given }: TrainOptions,
): Promise<TrainedModel> {
  const corpus = makeCorpus(await parseList(listBytes(list), listName));
  const options = readOptions(given);
  const trained = await trainModel(corpus, options, undefined, {
    signal,
    onBackend: (name) => name === "tensorflow" ? startTensorFlow() : undefined,
    ...progressHooks(options.steps, onProgress),
  });
  return {
    card: await finishCard(trained.card, trained.onnx),
    onnx: trained.onnx,
    list: trained.list,
    stopped: trained.stopped,
    failed: trained.failedAgainst !== null,
  };
}

function listBytes(list: TrainOptions["list"]): Uint8Array<ArrayBuffer> {
  if (typeof list !== "string" && isBytes(list)) return bytesOf(list);
  return new TextEncoder().encode(typeof list === "string" ? list : list.map((line) => `${line}\n`).join(""));
}

/** @throws {RangeError} If an option is not allowed. */
function readOptions(given: Omit<TrainOptions, "list">): ModelOptions {
  const options = allowed("", schema.safeParse(given));
  const architecture = findArchitecture(options.architecture);
  const hyperparameters = allowed(
    "hyperparameters.",
    architecture.hyperparameters.safeParse(given.hyperparameters ?? {}),
  );
  return {
    ...options,
    name: allowed("name", modelName().safeParse(given.name ?? architecture.name)),
    hyperparameters: hyperparameters as ModelOptions["hyperparameters"],
    weightDecay: options.weightDecay ?? optimizers[options.optimizer].weightDecay ?? 0,
  };
}

function allowed<Value>(prefix: string, result: z.ZodSafeParseResult<Value>): Value {
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  throw new RangeError(`Cannot train with ${prefix}${path.join(".")}: ${message}`);
}

/** The callbacks of a run that tells of its progress. */
function progressHooks(steps: number, onProgress: TrainOptions["onProgress"]): TrainHooks {
  if (onProgress === undefined) return {};
  let devNll: number | null = null;
  return {
    onEvaluation: (_state, nll) => void (devNll = nll),
    onTurn: ({ step, history }) => onProgress({ step, steps, loss: history.at(-1)?.loss ?? null, devNll }),
  };
}
