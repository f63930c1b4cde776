import type { Examples } from "../../shared/context.ts";
import type { TrainedNetwork } from "../architecture.ts";
import type { Split } from "../corpus.ts";
import { fit, type FitSettings, type FitState } from "../fit.ts";
import type { ReplayOptions } from "./replay.ts";

/** A training run of a notebook. */
export interface Run {
  state: FitState;
  /** Of each step, on its own mini-batch, in nats. */
  losses: number[];
}

/** Trains as a cell of a notebook does, and keeps every loss. */
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
    const state = await fit(network, 27, examples, settings, initial, {
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
