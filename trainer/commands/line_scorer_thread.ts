import { type Deferred, deferred } from "../../shared/deferred.ts";
import type { WholeLines } from "../../shared/whole_lines.ts";
import type { LineScorer, LineScorerOptions, WrittenScores } from "./line_scorer.ts";

/** What a thread answers: it is ready, has scored the next lines, or has failed. */
export type ThreadAnswer = "ready" | WrittenScores | { failed: string };

/** A thread that scores lines, with a model of its own. */
export class LineScorerThread implements LineScorer {
  readonly #worker: Worker;
  /** What waits for an answer, in the order of the answers. */
  readonly #waiting: Deferred<unknown>[] = [];

  private constructor(module: URL) {
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
  }

  /**
   * @param module The thread's module, which answers the options with "ready", and lines with their scores.
   * @throws {Error} If it cannot load the model.
   */
  static async start(module: URL, options: LineScorerOptions): Promise<LineScorerThread> {
    const thread = new LineScorerThread(module);
    await thread.#ask(options);
    return thread;
  }

  /** How many times {@link score} was called that it has not answered. */
  get load(): number {
    return this.#waiting.length;
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
