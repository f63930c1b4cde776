import type { List } from "../corpus.ts";
import type { FitHooks } from "../fit.ts";
import type { Drawing } from "../report/plots.ts";
import type { Figure } from "./figure.ts";

/** Options of a replay. */
export interface ReplayOptions {
  /** makemore's names.txt. */
  list: List;
  /** Run the 200,000-step trainings too. */
  full: boolean;
  /** Shows the progress of a training run. */
  progress(
    title: string,
    steps: number,
  ): Required<Pick<FitHooks, "onStep" | "onEvaluation">> & { stop(): void };
  /** Collects a plot of the document. */
  plot(drawing: Drawing): void;
}

/** Replays a document cell by cell, and yields each figure that it prints beside ours. */
export type Replay = (options: ReplayOptions) => AsyncGenerator<Figure>;
