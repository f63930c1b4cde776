import type { TrainedNetwork } from "./architecture.ts";
import type { StepSettings } from "./backend.ts";
import { type BackendChoice, chooseBackend } from "./backends/all.ts";
import type { Examples } from "./examples.ts";
import { fit, type FitHooks, type FitSettings, type TrainingState } from "./fit.ts";
import type { Schedule } from "./schedules.ts";
import type { Split } from "./splits.ts";

/** Weight of the newest loss in the moving average. */
const SMOOTHING = 0.05;
/** Height of the plateau above the lowest smoothed loss, as a share of the whole fall of the loss. */
const PLATEAU_HEIGHT = 0.1;

/** The range of learning rates to try. */
export interface LearningRateSweep {
  /** log10 of the first learning rate. */
  from: number;
  /** log10 of the last. */
  to: number;
  /** Number of learning rates, one a step, evenly spaced in the exponent. */
  steps: number;
}

/** The result of a sweep. */
export interface LearningRateFinding {
  /** Each step's learning rate, log10. */
  exponents: number[];
  /** Each step's loss on its mini-batch, in nats. */
  losses: number[];
  /** The losses, smoothed by an exponential moving average. */
  smoothed: number[];
  /** The range of learning rates where the smoothed loss is near its lowest. */
  plateau: [from: number, to: number];
  /** The middle of the plateau, in the exponent. */
  suggestion: number;
}

/** The learning rates of a sweep, as `10 ** torch.linspace(from, to, steps)`. */
export function sweepSchedule({ from, to, steps }: LearningRateSweep): Schedule {
  return (step) => 10 ** (from + ((to - from) * step) / Math.max(steps - 1, 1));
}

/**
 * Trains with a learning rate that rises from step to step, and finds where the loss is low. Below that plateau the rate is
 * too small to make progress; above it the loss becomes noisy and rises.
 *
 * @param settings Its default backend is the fastest one.
 *
 * Source: the MLP notebook; Smith, "Cyclical learning rates for training neural networks", WACV 2017.
 */
export async function findLearningRate(
  network: TrainedNetwork,
  examples: Pick<Record<Split, Examples>, "train" | "dev">,
  sweep: LearningRateSweep,
  settings: StepSettings & { backend?: BackendChoice },
  state: TrainingState,
  hooks: FitHooks = {},
): Promise<LearningRateFinding> {
  const schedule = sweepSchedule(sweep);
  const losses: number[] = [];
  const choice = settings.backend ?? (settings.batch === "all" ? "tensorflow" : "auto");
  const backend = chooseBackend(choice, network, settings);
  const fitSettings: FitSettings = { ...settings, steps: sweep.steps, lr: 1, schedule, backend };
  await fit(network, examples, fitSettings, state, {
    ...hooks,
    onStep(step, loss) {
      losses.push(loss);
      hooks.onStep?.(step, loss);
    },
  });
  const exponents = losses.map((_, step) => Math.log10(schedule(step, sweep.steps, 1)));
  return { exponents, losses, ...readPlateau(exponents, losses) };
}

/** Finds the plateau around the lowest smoothed loss. */
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

/** Exponential moving average, corrected for its start at zero as in Adam. */
function smooth(losses: readonly number[]): number[] {
  let average = 0;
  return losses.map((loss, step) => {
    average += SMOOTHING * (loss - average);
    return average / (1 - (1 - SMOOTHING) ** (step + 1));
  });
}
