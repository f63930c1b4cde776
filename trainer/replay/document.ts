import type { Chart } from "../charts/chart.ts";
import type { List } from "../corpus.ts";
import type { FitHooks } from "../fit.ts";
import type { Figure } from "./figure.ts";

/** What a replay is given. */
export interface ReplayOptions {
  /** makemore's names.txt. */
  list: List;
  /** Run the 200,000-step trainings too. */
  full: boolean;
  /** Hears of a training run of so many steps while it goes on. */
  progress(
    title: string,
    steps: number,
  ): Required<Pick<FitHooks, "onStep" | "onEvaluation">> & { stop(): void };
  /** Takes a chart that the document plots. */
  plot(chart: Chart): void;
}

/** A document that can be replayed: its cells, one after the other, each with the figures that it printed. */
export type Replay = (options: ReplayOptions) => AsyncGenerator<Figure>;
