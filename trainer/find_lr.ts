import type { Examples } from "../shared/context.ts";
import type { TrainedNetwork } from "./architecture.ts";
import { chooseBackend } from "./backends/all.ts";
import type { Split } from "./corpus.ts";
import { fit, type FitHooks, type FitSettings, type FitState } from "./fit.ts";
import type { Schedule } from "./schedules.ts";

/** How much of a smoothed loss is the newest loss. */
const SMOOTHING = 0.05;
/** How far above the lowest smoothed loss the plateau reaches, as a share of all that the loss fell. */
const PLATEAU_HEIGHT = 0.1;

/** From where to where learning rates are tried. */
export interface LearningRateSweep {
  /** log10 of the first learning rate. */
  from: number;
  /** log10 of the last. */
  to: number;
  /** How many, one a step, evenly spaced in the exponent. */
  steps: number;
}

/** What trying learning rates showed. */
export interface LearningRateFinding {
  /** Each step's learning rate, log10. */
  exponents: number[];
  /** Each step's loss on its mini-batch, in nats. */
  losses: number[];
  /** The losses, smoothed by an exponential moving average. */
  smoothed: number[];
  /** The learning rates between which the smoothed loss is near its lowest. */
  plateau: [from: number, to: number];
  /** The middle of the plateau, in the exponent. */
  suggestion: number;
}

/** A schedule that goes through the exponents of a sweep, as `10 ** torch.linspace(from, to, steps)`. */
export function sweepSchedule({ from, to, steps }: LearningRateSweep): Schedule {
  return (step) => 10 ** (from + ((to - from) * step) / Math.max(steps - 1, 1));
}

/**
 * Trains with a learning rate that rises from step to step, and looks where the loss is low: below the plateau a rate is
 * too small to get anywhere, above it training turns noisy and climbs.
 *
 * Source: the MLP notebook; Smith, "Cyclical learning rates for training neural networks", WACV 2017.
 */
export async function findLearningRate(
  network: TrainedNetwork,
  vocabularySize: number,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  sweep: LearningRateSweep,
  settings: Pick<FitSettings, "batch" | "optimizer">,
  state: FitState,
  hooks: FitHooks = {},
): Promise<LearningRateFinding> {
  const schedule = sweepSchedule(sweep);
  const losses: number[] = [];
  const backend = settings.batch === "all"
    ? "tensorflow"
    : chooseBackend("auto", network, vocabularySize, settings);
  const fitSettings: FitSettings = { ...settings, steps: sweep.steps, lr: 1, schedule, backend };
  await fit(network, vocabularySize, examples, fitSettings, state, {
    ...hooks,
    onStep(step, loss) {
      losses.push(loss);
      hooks.onStep?.(step, loss);
    },
  });
  const exponents = losses.map((_, step) => Math.log10(schedule(step, sweep.steps, 1)));
  return { exponents, losses, ...readPlateau(exponents, losses) };
}

/** Finds the plateau of a sweep, around the lowest smoothed loss. */
export function readPlateau(
  exponents: readonly number[],
  losses: readonly number[],
): Pick<LearningRateFinding, "smoothed" | "plateau" | "suggestion"> {
  const smoothed = smooth(losses);
  const lowest = smoothed.indexOf(Math.min(...smoothed));
  const limit = smoothed[lowest] + PLATEAU_HEIGHT * (smoothed[0] - smoothed[lowest]);
  let [first, last] = [lowest, lowest];
  while (first > 0 && smoothed[first - 1] <= limit) first--;
  while (last < smoothed.length - 1 && smoothed[last + 1] <= limit) last++;
  return {
    smoothed,
    plateau: [10 ** exponents[first], 10 ** exponents[last]],
    suggestion: 10 ** ((exponents[first] + exponents[last]) / 2),
  };
}

/** An exponential moving average that is no lower at the beginning for having begun at nothing. */
function smooth(losses: readonly number[]): number[] {
  let average = 0;
  return losses.map((loss, step) => {
    average += SMOOTHING * (loss - average);
    return average / (1 - (1 - SMOOTHING) ** (step + 1));
  });
}
