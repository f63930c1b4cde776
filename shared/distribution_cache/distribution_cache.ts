import { BrokenModelError } from "../broken_model_error.ts";
import type { LanguageModel } from "../language_model.ts";
import type { Work } from "../work.ts";
import { Cursor } from "./cursor.ts";
import { ModelRunner } from "./model_runner.ts";
import { NodeStore } from "./nodes.ts";
import { MIN_PREFIX_NODES, PREFIX_KEYS, PrefixTree } from "./prefix_tree.ts";
import type { Tree, Wanted } from "./tree.ts";
import { windowKeys, WindowTree } from "./window_tree.ts";

export type { Wanted };

/** Memory that the nodes of a cache may take by default, and the states of its model, in bytes. */
export const NODE_BYTES = 20 * 2 ** 20;
export const STATE_BYTES = 20 * 2 ** 20;
/** Most beginnings that {@link DistributionCache.prefill} asks for: a tenth of a second's work. */
const MAX_PREFILLED = 2 ** 15;

/** The limits of a cache. */
export interface CacheOptions {
  /** Memory that the nodes may take. Default: {@link NODE_BYTES}. */
  bytes?: number;
  /** Memory that the states of the model may take, if it has any. Default: {@link STATE_BYTES}. */
  stateBytes?: number;
  /** Is called once, when the model turns out to be broken. */
  onBroken?: (error: BrokenModelError) => void;
}

/**
 * What a language model was asked, as a tree: a node is a beginning with the distribution of the token after it, an edge is a
 * token. A distribution never changes, so the model is asked for it once: a beginning that was seen is a look-up, and those that
 * were not are asked for together, in batched runs.
 *
 * Where the model sees the last n tokens, beginnings that agree in those are one node.
 */
export class DistributionCache {
  readonly vocabularySize: number;
  /** How many tokens back the model sees; null: all of them. */
  readonly contextLength: number | null;
  readonly #nodes: NodeStore;
  readonly #maxNodes: number;
  readonly #tree: Tree;
  /** The run that takes what waits now, and tells what it cost. */
  #nextRun: Promise<number> | null = null;
  /** The run under way, if any. */
  #run: Promise<void> = Promise.resolve();
  /** Why the model is not asked any more, if it is broken. */
  #failure: BrokenModelError | null = null;
  readonly #onBroken: (error: BrokenModelError) => void;

  constructor(model: LanguageModel, options: CacheOptions = {}) {
    const { bytes = NODE_BYTES, stateBytes = STATE_BYTES, onBroken = () => {} } = options;
    const { vocabularySize, contextLength } = model;
    this.vocabularySize = vocabularySize;
    this.contextLength = contextLength;
    this.#onBroken = onBroken;
    const keys = contextLength === null ? PREFIX_KEYS : windowKeys(contextLength);
    const fit = NodeStore.nodesIn(bytes, keys, vocabularySize);
    this.#maxNodes = contextLength === null ? Math.max(fit, MIN_PREFIX_NODES) : fit;
    this.#nodes = new NodeStore(keys, vocabularySize, this.#maxNodes);
    const runner = new ModelRunner(model, this.#maxNodes);
    this.#tree = contextLength === null
      ? new PrefixTree(runner, this.#nodes, this.#maxNodes, stateBytes)
      : new WindowTree(runner, this.#nodes, contextLength);
  }

  /** How many nodes are remembered. */
  get size(): number {
    return this.#nodes.count;
  }

  /** Most beginnings that one {@link ask} takes to the model. */
  get maxRun(): number {
    return this.#tree.maxRun;
  }

  /** A new place in the tree, without a node. */
  cursor(): Cursor {
    return new Cursor(this.#nodes, this.#tree);
  }

  /**
   * Asks the model for the nodes of beginnings that have none. All who ask while a run is under way wait for the next one
   * together: the model is never run twice at once.
   *
   * A run is bounded, so not every node has to be there after it: whoever misses some asks again.
   *
   * @param work What the positions are counted to.
   * @throws {WorkLimitError} If they are more than the work may have.
   * @throws {BrokenModelError} If a row is not a distribution, or the model itself says that it is broken: to everyone who
   * waits, and from then on. Nothing is remembered of such a model.
   */
  async ask(wanted: readonly Wanted[], work?: Work): Promise<void> {
    this.#tree.want(wanted, work);
    if (!this.#tree.waiting) return;
    this.#nextRun ??= this.#run.then(() => this.#runNext());
    const cost = await this.#nextRun;
    work?.addEffort(cost);
  }

  /**
   * The distribution of the token after a beginning: its log-probabilities, [vocabularySize].
   *
   * @throws As {@link ask}.
   */
  async logProbsAfter(tokens: readonly number[], work?: Work): Promise<Float32Array> {
    const cursor = this.cursor();
    while (!cursor.seek(tokens, tokens.length)) {
      await this.ask([{ tokens, from: tokens.length, to: tokens.length }], work);
    }
    return cursor.logProbs();
  }

  /**
   * Asks for every beginning that a name can have, if they are few enough to be remembered all: with a context of three
   * characters over 27 tokens they are 18,279. After that no name waits for the model.
   */
  async prefill(): Promise<void> {
    if (this.contextLength === null) return;
    const letters = this.vocabularySize - 1;
    let count = 0;
    for (let length = 0; length <= this.contextLength; length++) count += letters ** length;
    if (count > Math.min(this.#maxNodes, MAX_PREFILLED)) return;
    this.#nodes.reserve(count);
    await this.askAll([...sequences(letters, this.contextLength)]);
  }

  /** Asks for beginnings, however many they are, run after run. */
  async askAll(beginnings: readonly (readonly number[])[]): Promise<void> {
    for (let start = 0; start < beginnings.length; start += this.maxRun) {
      const some = beginnings.slice(start, start + this.maxRun);
      await this.ask(some.map((tokens) => ({ tokens, from: tokens.length, to: tokens.length })));
    }
  }

  async #runNext(): Promise<number> {
    this.#nextRun = null;
    if (this.#failure !== null) {
      this.#tree.clear();
      throw this.#failure;
    }
    const running = this.#tree.run();
    this.#run = running.then(() => {}, () => {}); // those who asked hear of a failure; the next run goes ahead
    try {
      return await running;
    } catch (error) {
      if (error instanceof BrokenModelError) this.#break(error);
      throw error;
    }
  }

  /** Gives up the model, and the memory of what it said. */
  #break(error: BrokenModelError): void {
    this.#failure = error;
    this.#tree.clear();
    this.#onBroken(error);
  }
}

/** All sequences of up to so many letters, tokens from 1 on: the short ones first. */
function* sequences(letters: number, maxLength: number): Generator<number[]> {
  let level: number[][] = [[]];
  yield* level;
  for (let length = 1; length <= maxLength; length++) {
    level = level.flatMap((before) => Array.from({ length: letters }, (_, i) => [...before, i + 1]));
    yield* level;
  }
}
