import { setImmediate } from "node:timers/promises";
import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, LineScorerOptions, WrittenScores } from "./line_scorer.ts";
import { LineScorerThread } from "./line_scorer_thread.ts";

/** How many threads score a long list. */
export interface ScoringThreads {
  /** How many, with this one. */
  count: number;
  /** The module of the others; see {@link LineScorerThread}. */
  module: URL;
  /** How they score; they open the model themselves. */
  options: LineScorerOptions;
}

/** What scores a list: this thread, and others once the list turns out to be long. */
export class Scorers {
  readonly #own: LineScorer;
  readonly #threads: ScoringThreads | null;
  readonly #startAfter: number;
  readonly #others: LineScorerThread[] = [];
  #busy = false;
  /** Milliseconds for which this thread has scored. */
  #spent = 0;

  /** @param startAfter For how many milliseconds this thread scores before the others are started. */
  constructor(own: LineScorer, threads: ScoringThreads | null, startAfter: number) {
    this.#own = own;
    this.#threads = threads;
    this.#startAfter = startAfter;
  }

  /**
   * What can be given lines now; null if nothing can. This thread is the last choice, because it gives the others nothing while
   * it scores.
   */
  free(): LineScorer | null {
    if (this.#threads !== null && this.#others.length === 0 && this.#spent >= this.#startAfter) {
      const { count, module, options } = this.#threads;
      for (let i = 1; i < count; i++) this.#others.push(new LineScorerThread(module, options));
    }
    const other = this.#others.find(({ free }) => free);
    return other ?? (this.#busy ? null : { score: (lines) => this.#score(lines) });
  }

  /** For each thread that is not ready yet, what resolves when it is, and rejects if it cannot be. */
  starting(): Promise<void>[] {
    return this.#others.filter(({ isReady }) => !isReady).map(({ ready }) => ready);
  }

  end(): void {
    for (const thread of this.#others) thread.end();
  }

  async #score(lines: WholeLines): Promise<WrittenScores> {
    this.#busy = true;
    const started = performance.now();
    const scores = await this.#own.score(lines);
    this.#spent += performance.now() - started;
    await setImmediate(); // so that this thread reads what the others have sent
    this.#busy = false;
    return scores;
  }
}
