import { type Deferred, deferred } from "../../shared/deferred.ts";
import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, LineScorerOptions, WrittenScores } from "./line_scorer.ts";

/** Pieces that a thread has at most: the one that it scores, and what it goes on with while the main thread scores another. */
export const MAX_LOAD = 3;

/** What a thread answers: it is ready, has scored the next lines, or has failed. */
export type ThreadAnswer = "ready" | WrittenScores | { failed: string };

/** A thread that scores lines, with a model of its own. */
export class LineScorerThread implements LineScorer {
  readonly #worker: Worker;
  /** What waits for an answer, in the order of the answers. */
  readonly #waiting: Deferred<unknown>[] = [];
  /** Resolves when it can score; rejects if it cannot load the model. */
  readonly ready: Promise<void>;
  isReady = false;

  /**
   * Starts the thread, which opens its model.
   *
   * @param module The thread's module, which answers the options with "ready", and lines with their scores.
   */
  constructor(module: URL, options: LineScorerOptions) {
    this.#worker = new Worker(module, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadAnswer>) => {
      const { resolve, reject } = this.#waiting.shift()!;
      if (typeof data === "object" && "failed" in data) reject(new Error(data.failed));
      else resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error(`a thread failed: ${event.message}`));
      }
    };
    this.ready = this.#ask(options).then(() => void (this.isReady = true));
    this.ready.catch(() => {}); // thrown where it is awaited
  }

  /** Whether it can be given lines now. */
  get free(): boolean {
    return this.isReady && this.#waiting.length < MAX_LOAD;
  }

  /** Takes the lines' bytes away from this thread. */
  async score(lines: WholeLines): Promise<WrittenScores> {
    return await this.#ask(lines, [lines.bytes.buffer]) as WrittenScores;
  }

  end(): void {
    this.#worker.terminate();
  }

  #ask(message: LineScorerOptions | WholeLines, transfer: Transferable[] = []): Promise<unknown> {
    const waiting = deferred<unknown>();
    this.#waiting.push(waiting);
    this.#worker.postMessage(message, transfer);
    return waiting.promise;
  }
}
