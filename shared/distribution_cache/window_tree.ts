import { BrokenModelError } from "../broken_model_error.ts";
import { BOUNDARY } from "../vocabulary.ts";
import type { Work } from "../work.ts";
import { KeyTable, UNKNOWN } from "./key_table.ts";
import type { ModelRunner } from "./model_runner.ts";
import type { NodeStore } from "./nodes.ts";
import type { Tree, Wanted } from "./tree.ts";

/** Initial capacity for waiting beginnings. */
const FIRST_WAITING = 32;

/**
 * The tree of a model that sees only the last n tokens: beginnings that agree in those share a node. The window is all that the
 * model needs, so that it can compute any beginning directly.
 */
export class WindowTree implements Tree {
  readonly #runner: ModelRunner;
  readonly #nodes: NodeStore;
  readonly #contextLength: number;
  /** [contextLength]: scratch memory for the window of a look-up. */
  readonly #window: Int32Array;
  /** The windows of the waiting beginnings. */
  #waiting: KeyTable;

  constructor(runner: ModelRunner, nodes: NodeStore, contextLength: number) {
    this.#runner = runner;
    this.#nodes = nodes;
    this.#contextLength = contextLength;
    this.#window = new Int32Array(contextLength);
    this.#waiting = this.#noneWaiting();
  }

  get maxRun(): number {
    return this.#runner.maxRows;
  }

  get waiting(): boolean {
    return this.#waiting.count > 0;
  }

  find(tokens: readonly number[], length: number): number {
    const window = this.#window;
    const first = length - window.length; // negative where the beginning is shorter than the window
    for (let i = 0; i < window.length; i++) window[i] = first + i < 0 ? BOUNDARY : tokens[first + i];
    return this.#nodes.find(window, 0);
  }

  findNext(_parent: number, tokens: readonly number[], length: number): number {
    return this.find(tokens, length);
  }

  want(wanted: readonly Wanted[], work?: Work): void {
    let left = this.maxRun;
    for (const { tokens, from, to } of wanted) {
      for (let length = from; length <= to; length++) {
        if (this.find(tokens, length) !== UNKNOWN || this.#waiting.find(this.#window, 0) !== UNKNOWN) {
          continue;
        }
        if (left-- === 0) return;
        work?.addPosition();
        this.#waiting.add(this.#window, 0);
      }
    }
  }

  async run(): Promise<number> {
    const n = this.#contextLength;
    const waiting = this.#waiting.toArray();
    const windows = waiting.slice(0, this.maxRun * n);
    this.#waiting = this.#noneWaiting();
    for (let start = windows.length; start < waiting.length; start += n) this.#waiting.add(waiting, start);
    const batch = windows.length / n;
    const { logProbs } = await this.#runner.step(windows, batch, []);
    for (let row = 0; row < batch; row++) this.#add(windows, row, logProbs);
    return batch * this.#runner.rowMilliseconds;
  }

  clear(): void {
    this.#nodes.clear();
    this.#waiting = this.#noneWaiting();
  }

  #add(windows: Int32Array, row: number, logProbs: Float32Array): void {
    const start = row * this.#contextLength;
    if (this.#nodes.find(windows, start) !== UNKNOWN) return;
    try {
      this.#nodes.add(windows, start, logProbs, row);
    } catch (error) {
      const window = windows.subarray(start, start + this.#contextLength).join(" ");
      throw new BrokenModelError(`after the tokens ${window} ${(error as Error).message}`);
    }
  }

  #noneWaiting(): KeyTable {
    return new KeyTable(this.#contextLength, FIRST_WAITING);
  }
}
