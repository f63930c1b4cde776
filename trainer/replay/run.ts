import type { Examples } from "../../shared/context.ts";
import type { TrainedNetwork } from "../architecture.ts";
import { chooseBackend } from "../backends/all.ts";
import type { Split } from "../corpus.ts";
import { fit, type FitSettings, type FitState } from "../fit.ts";
import type { ReplayOptions } from "./document.ts";

/** A training run of a notebook. */
export interface Run {
  state: FitState;
  /** Of each step, on its own mini-batch, in nats. */
  losses: number[];
}

/** Trains as a cell of a notebook does, with the fastest backend that can, and keeps every loss. */
export async function run(
  { progress }: ReplayOptions,
  title: string,
  network: TrainedNetwork,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  settings: FitSettings,
  initial: FitState,
): Promise<Run> {
  const losses: number[] = [];
  const shown = progress(title, settings.steps);
  try {
    const backend = settings.batch === "all" ? "tensorflow" : chooseBackend("auto", network, 27, settings);
    const state = await fit(network, 27, examples, { ...settings, backend }, initial, {
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
