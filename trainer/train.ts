import { join } from "node:path";
import type { ModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { removeCheckpoint, saveCheckpoint } from "./checkpoint.ts";
import type { Corpus } from "./corpus.ts";
import { type MayReplace, ModelKeptError, saveModel } from "./save_model.ts";
import {
  isUntrained,
  type ResumePoint,
  type TrainedModel,
  type TrainHooks,
  trainModel,
  type UnsavedCard,
} from "./train_model.ts";
import type { TrainOptions } from "./train_options.ts";

/** The outcome of a training run. */
export interface TrainResult extends Pick<TrainedModel, "card" | "stopped" | "failedAgainst"> {
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
  hooks: Omit<TrainHooks, "onCheckpoint"> = {},
): Promise<TrainResult> {
  const { name, out, checkpoints, overwrite } = options;
  const { card, onnx, list, stopped, failedAgainst } = await trainModel(corpus, options, resumed, {
    ...hooks,
    onCheckpoint: ({ backend, ...progress }) =>
      saveCheckpoint(checkpoints, {
        options: { ...options, backend },
        listSha256: corpus.list.sha256,
        ...progress,
      }),
  });
  const result = { card, stopped, failedAgainst };
  const unfinished = stopped || isUntrained(card) || failedAgainst !== null;
  const mayReplace = unfinished && !overwrite ? unlessBetter(card) : undefined;
  try {
    const saved = await saveModel(out, { onnx, list }, card, mayReplace);
    if (!stopped) await removeCheckpoint(checkpoints, name);
    return { ...result, file: join(out, modelFileNames(name, saved).onnx.versioned) };
  } catch (error) {
    if (error instanceof ModelKeptError) return { ...result, file: null, kept: error.message };
    throw error;
  }
}

/** Lets a model replace the previous one of its name unless that one is better on the dev split. */
export function unlessBetter({ nll }: Pick<UnsavedCard, "nll">): MayReplace {
  const figure = (value: number | null) => value?.toFixed(4) ?? "infinite";
  return (previous: ModelCard) => {
    if (previous.nll.dev === null || previous.nll.dev >= (nll.dev ?? Infinity)) return undefined;
    return `the existing model has a lower dev NLL: ${figure(previous.nll.dev)}, not ${figure(nll.dev)}`;
  };
}
