import { type Options, SingleBar } from "cli-progress";
import process from "node:process";
import type { OnProgress } from "../evaluation.ts";
import type { FitHooks } from "../fit.ts";

/** Losses in the shown average: those of single mini-batches are noisy. */
const SMOOTHING_STEPS = 1000;
/** Time between two updates of the bar, in milliseconds. */
const REDRAW = 250;

/** Shows the progress of a training run: a bar in a terminal, otherwise a line for each evaluation. */
export interface TrainingProgress extends Required<Pick<FitHooks, "onStep" | "onEvaluation">> {
  /** Shows the evaluation at the end. */
  onProgress: OnProgress;
  /** Removes the bar, and restores the terminal. */
  stop(): void;
}

/**
 * Starts to show the progress of a training run.
 *
 * @param steps Steps of the run.
 * @param firstStep Steps that were made before it was resumed.
 * @param withoutTerminal What to print if stderr is not a terminal.
 */
export function trainingProgress(
  steps: number,
  firstStep: number,
  withoutTerminal: "evaluations" | "nothing" = "evaluations",
): TrainingProgress {
  const terminal = Boolean(process.stderr.isTTY);
  const started = performance.now();
  let bar: SingleBar | undefined;
  let drawn = 0;
  let step = firstStep;
  let loss = NaN;
  let devNll = "-";
  const evaluation = evaluationProgress();

  const figures = () => {
    const rate = (step - firstStep) / ((performance.now() - started) / 1000);
    return {
      loss: loss.toFixed(4),
      dev: devNll,
      rate: rate.toFixed(0),
      left: rate > 0 ? duration((steps - step) / rate) : "-",
    };
  };

  return {
    onStep(index, stepLoss) {
      step = index + 1;
      const share = 1 / Math.min(step - firstStep, SMOOTHING_STEPS);
      loss = Number.isNaN(loss) ? stepLoss : loss + share * (stepLoss - loss);
      if (!terminal || performance.now() - drawn < REDRAW) return;
      drawn = performance.now();
      bar ??= startBar(steps, firstStep);
      bar.update(step, figures());
    },
    onEvaluation(_state, nll) {
      devNll = nll.toFixed(4);
      if (terminal) return bar?.update(step, figures());
      if (withoutTerminal === "nothing") return;
      const { loss, rate, left } = figures();
      console.error(`step ${step}/${steps}, loss ${loss}, dev ${devNll}, ${rate} steps/s, ${left} left`);
    },
    onProgress(evaluated, all) {
      bar?.stop();
      bar = undefined;
      evaluation.onProgress(evaluated, all);
    },
    stop() {
      bar?.stop();
      bar = undefined;
      evaluation.stop();
    },
  };
}

/** Shows how much of something is done: a bar in a terminal, otherwise nothing. */
export interface Progress {
  /** Called with how much of all is done. */
  onProgress(done: number, all: number): void;
  /** Removes the bar, and restores the terminal. */
  stop(): void;
}

/** Starts to show the progress of an evaluation. */
export function evaluationProgress(): Progress {
  return progressOf("evaluating {value}/{total} characters");
}

/**
 * Starts to show a progress. What is soon done has no bar, and cli-progress draws none if stderr is not a terminal.
 *
 * @param text What is done, in the words of cli-progress, such as "{value}/{total} names".
 */
export function progressOf(text: string): Progress {
  let bar: SingleBar | undefined;
  let drawn = performance.now();
  return {
    onProgress(done, all) {
      if (performance.now() - drawn < REDRAW) return;
      drawn = performance.now();
      if (!bar) {
        bar = new SingleBar({ ...BAR, clearOnComplete: true, format: `{bar} {percentage}% | ${text}` });
        bar.start(all, done);
      }
      bar.update(done);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
}

/** Options of every bar. */
export const BAR: Options = {
  // The terminal's state is not changed, because a program that Ctrl-C ends could not restore it.
  hideCursor: false,
  linewrap: true,
  stream: process.stderr,
  barCompleteChar: "█",
  barIncompleteChar: "░",
  barsize: 20,
};

function startBar(steps: number, firstStep: number): SingleBar {
  const bar = new SingleBar({
    ...BAR,
    format:
      "{bar} {percentage}% | step {value}/{total} | loss {loss} | dev {dev} | {rate} steps/s | {left} left",
  });
  bar.start(steps, firstStep, { loss: "-", dev: "-", rate: "-", left: "-" });
  return bar;
}

/** Formats a number of seconds: 75 is "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
