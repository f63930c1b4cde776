import type { Hyperparameters } from "./architecture.ts";
import type { BackendChoice } from "./backends/all.ts";
import type { FitSettings } from "./fit.ts";
import type { ScheduleName } from "./schedules.ts";

/** Everything that decides which model a training run makes, and where it puts it. */
export interface TrainOptions extends Omit<FitSettings, "backend"> {
  schedule: ScheduleName;
  /** What computes the steps. Default "tensorflow". */
  backend?: BackendChoice;
  /** What the model is called. */
  name: string;
  /** Path or URL of the list. */
  data: string;
  architecture: string;
  hyperparameters: Hyperparameters;
  /** Of the generator that draws the initial weights and then the mini-batches. */
  seed: number;
  /** Directory of the model. */
  out: string;
  /** Replace a better model of the same name even by one whose training has failed or was stopped. Default false. */
  overwrite?: boolean;
  /** Directory of the checkpoints. */
  checkpoints: string;
}
