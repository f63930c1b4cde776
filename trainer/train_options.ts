import type { ModelCard } from "../shared/model_card.ts";
import type { BackendChoice } from "./backends/all.ts";
import type { FitSettings } from "./fit.ts";
import type { ScheduleName } from "./schedules.ts";

/** The options of a run that are not given: those of the notebooks' MLP. */
export const DEFAULT_OPTIONS = {
  architecture: "mlp",
  steps: 200_000,
  lr: 0.1,
  schedule: "step",
  warmup: 0,
  batch: 32,
  optimizer: "sgd",
  dropout: 0,
  backend: "auto",
  seed: 42,
} as const satisfies Partial<ModelOptions>;

/** The options of a training run: which model it trains, and how. */
export interface ModelOptions extends Omit<FitSettings, "backend"> {
  schedule: ScheduleName;
  /** What computes the steps. Default "tensorflow". */
  backend?: BackendChoice;
  /** The model's name. */
  name: string;
  /** What its things are called, in the plural. Default: derived from the name of the list's file. */
  noun?: string;
  architecture: string;
  /** As the card lists them. */
  hyperparameters: ModelCard["hyperparameters"];
  /** Seed of the generator that draws the initial weights and then the mini-batches. */
  seed: number;
}

/** The options of a training run from files to files. */
export interface TrainOptions extends ModelOptions {
  /** Path or URL of the list. */
  data: string;
  /** Directory to write the model to. */
  out: string;
  /** Replace a better model of the same name even if training fails or is stopped. Default false. */
  overwrite?: boolean;
  /** Directory of the checkpoints. */
  checkpoints: string;
}
