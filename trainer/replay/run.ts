import type { TrainedNetwork } from "../architecture.ts";
import { chooseBackend } from "../backends/all.ts";
import type { Examples } from "../examples.ts";
import { fit, type FitSettings, type TrainingState } from "../fit.ts";
import type { ReplayOptions } from "./document.ts";
import type { Split } from "../splits.ts";

/** A training run of a notebook. */
export interface Run {
  state: TrainingState;
  /** The loss of each step's mini-batch, in nats. */
  losses: number[];
}

/** Trains as a cell of a notebook does, with the fastest backend, and keeps every loss. */
export async function run(
  { progress }: ReplayOptions,
  title: string,
  network: TrainedNetwork,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  settings: FitSettings,
  initial: TrainingState,
): Promise<Run> {
  const losses: number[] = [];
  const shown = progress(title, settings.steps);
  try {
    const backend = settings.batch === "all" ? "tensorflow" : chooseBackend("auto", network, settings);
    const state = await fit(network, examples, { ...settings, backend }, initial, {
      onStep(step, loss) {
        losses.push(loss);
        shown.onStep(step, loss);
      },
      onEvaluation: shown.onEvaluation,
    });
    return { state, losses };
  } finally {
    shown.stop();
  }
}
