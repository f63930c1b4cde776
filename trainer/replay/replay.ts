import type { FitHooks } from "../fit.ts";
import type { List } from "../corpus.ts";
import type { Figure } from "./figure.ts";
import { replayBigram } from "./bigram.ts";
import { replayInitialisation } from "./initialisation.ts";
import { replayMlp } from "./mlp.ts";
import { replayNotes } from "./notes.ts";
import type { Drawing } from "../report/plots.ts";

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
  /** Takes a plot that the document draws. */
  plot(drawing: Drawing): void;
}

/** A document that can be replayed: its cells, one after the other, each with the figures that it printed. */
export type Replay = (options: ReplayOptions) => AsyncGenerator<Figure>;

/** Every document, by the name that the command line knows it by. */
export const notebooks = {
  bigram: { title: "Bigram language model", replay: replayBigram },
  mlp: { title: "MLP", replay: replayMlp },
  notes: { title: "MLP notes", replay: replayNotes },
  initialisation: { title: "Initialisation and batch normalization", replay: replayInitialisation },
} as const satisfies Record<string, { title: string; replay: Replay }>;
export type NotebookName = keyof typeof notebooks;
