import { BrokenModelError } from "../broken_model_error.ts";
import { BOUNDARY } from "../vocabulary.ts";
import type { Work } from "../work.ts";
import { KeyTable, UNKNOWN } from "./key_table.ts";
import type { ModelRunner } from "./model_runner.ts";
import type { NodeStore } from "./nodes.ts";
import type { Tree, Wanted } from "./tree.ts";

/** Initial capacity for waiting beginnings. */
const FIRST_WAITING = 32;
/** All windows are computed only if they are at most so many: a tenth of a second of work. */
const MAX_PREFILLED = 2 ** 15;
/** Estimated cost of the windows that a run is filled up with, in milliseconds: about that of the run itself, in ONNX Runtime Web. */
const FILLING_MILLISECONDS = 0.2;

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
  /** How many windows there are. */
  readonly #count: number;
  /** Whether there may be nodes for all of them. */
  readonly #mayHoldAll: boolean;
  /** A run is filled up to so many windows. */
  readonly #fullRun: number;
  /** The beginnings that no run was filled up with yet. */
  #unasked: Iterator<readonly number[]>;

  /**
   * @param maxNodes The most nodes.
   * @param fills Whether runs are filled up, see {@link CacheOptions.fillRuns}.
   */
  constructor(
    runner: ModelRunner,
    nodes: NodeStore,
    contextLength: number,
    maxNodes: number,
    fills: boolean,
  ) {
    const letters = runner.model.vocabularySize - 1;
    this.#runner = runner;
    this.#nodes = nodes;
    this.#contextLength = contextLength;
    this.#window = new Int32Array(contextLength);
    this.#waiting = this.#noneWaiting();
    let count = 0;
    for (let length = 0; length <= contextLength; length++) count += letters ** length;
    this.#count = count;
    this.#mayHoldAll = count <= Math.min(maxNodes, MAX_PREFILLED);
    const fullRun = Math.min(runner.maxRows, Math.floor(FILLING_MILLISECONDS / runner.rowMilliseconds));
    this.#fullRun = fills ? fullRun : 0;
    this.#unasked = this.beginnings();
  }

  /**
   * Makes room for the nodes of all windows.
   *
   * @returns Whether there is room, and they are few enough to be computed.
   */
  reserveAll(): boolean {
    return this.#mayHoldAll && this.#nodes.reserve(this.#count);
  }

  /** A beginning for each window, the short ones first. */
  *beginnings(): Generator<number[]> {
    const letters = this.#runner.model.vocabularySize - 1;
    let level: number[][] = [[]];
    yield* level;
    for (let length = 1; length <= this.#contextLength; length++) {
      level = level.flatMap((before) => Array.from({ length: letters }, (_, i) => [...before, i + 1]));
      yield* level;
    }
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
    this.#fillUp();
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
    this.#unasked = this.beginnings();
  }

  /** Fills a run up with windows that nobody has asked for, if there is room for all windows. */
  #fillUp(): void {
    if (this.#waiting.count >= this.#fullRun || !this.reserveAll()) return;
    while (this.#waiting.count < this.#fullRun) {
      const { value: tokens, done } = this.#unasked.next();
      if (done) return;
      if (this.find(tokens, tokens.length) === UNKNOWN && this.#waiting.find(this.#window, 0) === UNKNOWN) {
        this.#waiting.add(this.#window, 0);
      }
    }
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
