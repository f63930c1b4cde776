import type { Chart } from "../charts/chart.ts";
import type { List } from "../corpus.ts";
import type { FitHooks } from "../fit.ts";
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
  /** Receives each chart of the document. */
  plot(chart: Chart): void;
}

/** Runs the cells of a document in order, and yields each figure that it prints beside ours. */
export type Replay = (options: ReplayOptions) => AsyncGenerator<Figure>;
