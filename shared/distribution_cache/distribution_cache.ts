import { BrokenModelError } from "../broken_model_error.ts";
import { deferred } from "../deferred.ts";
import type { LanguageModel } from "../language_model.ts";
import type { Work } from "../work.ts";
import type { CacheMemory } from "./cache_memory.ts";
import { Cursor } from "./cursor.ts";
import { ModelRunner } from "./model_runner.ts";
import { NodeStore } from "./nodes.ts";
import { PrefixNodes } from "./prefix_nodes.ts";
import { MIN_PREFIX_NODES, PrefixTree } from "./prefix_tree.ts";
import type { Nodes, Tree, Wanted } from "./tree.ts";
import { WindowTree } from "./window_tree.ts";

export type { Wanted };

/** The default limits of the memory for nodes and for states, in bytes. */
export const NODE_BYTES = 20 * 2 ** 20;
export const STATE_BYTES = 20 * 2 ** 20;

/** The limits of a cache. */
export interface CacheOptions {
  /** Limit of the memory for nodes. Default: {@link NODE_BYTES}. */
  bytes?: number;
  /** Limit of the memory for states. Default: {@link STATE_BYTES}. */
  stateBytes?: number;
  /** Memory that is shared with other caches, within those limits. Default: the memory is the cache's alone. */
  memory?: CacheMemory;
  /**
   * Whether a run that has few beginnings also computes others that nobody has asked for, where the cache has room for all that the
   * model tells apart. Most of a run's cost does not depend on its beginnings: with 27 tokens and a context of three, all are known after
   * 360 runs that cost half as much again, where without this one of ten requests still ran the model after 10,000. Default false.
   */
  fillRuns?: boolean;
  /** Called once, if the model turns out to be broken. */
  onBroken?: (error: BrokenModelError) => void;
}

/**
 * Waits for others that may want a run of the model soon.
 *
 * @param busy Whether there were others last time.
 */
export type Gather = (busy: boolean) => Promise<void>;

/** A caller that waits for runs. */
interface Asker {
  /** Returns the beginnings that it wants next; none: it waits no longer. */
  goOn: () => readonly Wanted[];
  work: Work | undefined;
  /** Whether its promise is still to be settled. */
  waits: boolean;
  resolve: () => void;
  reject: (reason: unknown) => void;
}

/**
 * Remembers the distributions of a language model in a tree: a node is a beginning with the distribution of its next token, an
 * edge is a token. A distribution never changes, so the model computes each one once, and it computes the missing ones of all
 * requests together, in batches.
 *
 * If the model sees only the last n tokens, beginnings that agree in those share a node.
 */
export class DistributionCache {
  readonly vocabularySize: number;
  /** The number of tokens that the model sees; null: all of them. */
  readonly contextLength: number | null;
  readonly #nodes: Nodes;
  readonly #tree: Tree;
  /** The same, if the model has a window. */
  readonly #windows: WindowTree | null = null;
  /** Those who wait for the next run. */
  #askers: Asker[] = [];
  /** Whether there are runs, one after the other. */
  #running = false;
  /** Whether several callers waited when the model began to run. */
  #busy = false;
  /** The reason why the model is broken, if it is. */
  #failure: BrokenModelError | null = null;
  readonly #onBroken: (error: BrokenModelError) => void;
  readonly #memory: CacheMemory | null;

  constructor(model: LanguageModel, options: CacheOptions = {}) {
    const { bytes = NODE_BYTES, stateBytes = STATE_BYTES, memory = null, fillRuns = false } = options;
    const { onBroken = () => {} } = options;
    const { vocabularySize, contextLength } = model;
    this.vocabularySize = vocabularySize;
    this.contextLength = contextLength;
    this.#onBroken = onBroken;
    this.#memory = memory;
    if (contextLength === null) {
      const maxNodes = Math.max(PrefixNodes.nodesIn(bytes, vocabularySize), MIN_PREFIX_NODES);
      const guaranteed = memory === null ? maxNodes : MIN_PREFIX_NODES;
      const nodes = new PrefixNodes(vocabularySize, maxNodes, memory, guaranteed);
      this.#nodes = nodes;
      this.#tree = new PrefixTree(new ModelRunner(model, guaranteed), nodes, guaranteed, stateBytes, memory);
    } else {
      const maxNodes = NodeStore.nodesIn(bytes, contextLength, vocabularySize);
      const guaranteed = memory === null ? maxNodes : Math.min(maxNodes, MIN_PREFIX_NODES);
      const nodes = new NodeStore(contextLength, vocabularySize, maxNodes, memory, guaranteed);
      this.#nodes = nodes;
      const runner = new ModelRunner(model, guaranteed);
      this.#tree = this.#windows = new WindowTree(runner, nodes, contextLength, maxNodes, fillRuns);
    }
  }

  /** The number of nodes. */
  get size(): number {
    return this.#nodes.count;
  }

  /** The most beginnings that one call of {@link ask} adds to a run. */
  get maxRun(): number {
    return this.#tree.maxRun;
  }

  /** Makes a cursor without a node. */
  cursor(): Cursor {
    return new Cursor(this.#nodes, this.#tree);
  }

  /**
   * Has the model compute the missing nodes of some beginnings. The model runs once at a time: all calls during a run share the
   * next one.
   *
   * A run is limited, so that some nodes may still be missing after it. The caller then asks again.
   *
   * @param work Counts the positions.
   * @throws {WorkLimitError} If they exceed the limit of the work.
   * @throws {BrokenModelError} If a row is not a distribution, or the model reports that it is broken. All waiting calls and
   * all later ones throw it, and all nodes are removed.
   */
  async ask(wanted: readonly Wanted[], work?: Work): Promise<void> {
    this.#tree.want(wanted, work);
    if (!this.#tree.waiting) return;
    const { asker, promise } = this.#wait(() => [], work);
    this.#start(asker);
    await promise;
  }

  /**
   * Has the model compute the missing nodes of some beginnings, and then of those that are wanted next, and so on, until none is
   * wanted or the work is to pause.
   *
   * Callers that wait together share all these runs. They would not with {@link ask}: what awaits a promise continues later than
   * the first of them, and on workerd, where each request continues in an event of its own, when that one is done.
   *
   * @param goOn Called after each run. It must not wait, and returns the beginnings that it wants next.
   * @param gather Waits for others before the first run, unless there are runs already. Default: no wait.
   * @throws As {@link ask}, and what `goOn` throws.
   */
  async askOn(
    wanted: readonly Wanted[],
    goOn: () => readonly Wanted[],
    work?: Work,
    gather?: Gather,
  ): Promise<void> {
    this.#tree.want(wanted, work);
    const { asker, promise } = this.#wait(goOn, work);
    if (gather !== undefined && !this.#running) {
      promise.catch(() => {}); // it may be rejected meanwhile
      await gather(this.#busy);
    }
    this.#start(asker);
    await promise;
  }

  /**
   * The log-probabilities of the token after a beginning, [vocabularySize].
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
   * Computes the nodes of all possible beginnings, if the cache has room for them. For a context of three characters and 27 tokens
   * there are 18,279. Then no request has to wait for the model.
   *
   * @param pause Called after each run.
   */
  async prefill(pause?: () => Promise<void>): Promise<void> {
    if (this.#windows?.reserveAll()) await this.askAll([...this.#windows.beginnings()], pause);
  }

  /** Removes all nodes, and gives their memory back. Cursors have to seek again. */
  clear(): void {
    this.#tree.clear();
    this.#memory?.release();
  }

  /**
   * Has the model compute the nodes of any number of beginnings, in several runs.
   *
   * @param pause Called after each run.
   */
  async askAll(beginnings: readonly (readonly number[])[], pause?: () => Promise<void>): Promise<void> {
    const cursor = this.cursor();
    for (let start = 0; start < beginnings.length; start += this.maxRun) {
      let missing = beginnings.slice(start, start + this.maxRun);
      while (missing.length > 0) {
        await this.ask(missing.map((tokens) => ({ tokens, from: tokens.length, to: tokens.length })));
        await pause?.();
        missing = missing.filter((tokens) => !cursor.seek(tokens, tokens.length));
      }
    }
  }

  #wait(goOn: Asker["goOn"], work: Work | undefined): { asker: Asker; promise: Promise<void> } {
    const { promise, resolve, reject } = deferred<void>();
    const asker = { goOn, work, waits: true, resolve, reject };
    this.#askers.push(asker);
    return { asker, promise };
  }

  /** Runs the model for all who wait, unless it does already, or has done what this one waited for. */
  #start({ waits }: Asker): void {
    if (!waits || this.#running) return;
    this.#running = true;
    this.#busy = this.#askers.length > 1;
    void this.#runAll();
  }

  /** Runs the model once at a time until nobody waits. */
  async #runAll(): Promise<void> {
    while (this.#askers.length > 0) {
      await null; // for those who continue now and ask for more
      const askers = this.#askers;
      this.#askers = [];
      try {
        const cost = await this.#run();
        for (const asker of askers) this.#continue(asker, cost);
      } catch (error) {
        for (const asker of askers) settle(asker).reject(error);
      }
    }
    this.#running = false;
  }

  /** Continues one who has waited for a run. */
  #continue(asker: Asker, cost: number): void {
    const { goOn, work } = asker;
    work?.addEffort(cost);
    try {
      const wanted = work !== undefined && work.left <= 0 ? [] : goOn();
      if (wanted.length === 0) return settle(asker).resolve();
      this.#tree.want(wanted, work);
      this.#askers.push(asker);
    } catch (error) {
      settle(asker).reject(error);
    }
  }

  /** Runs the model once. Returns the estimated cost, in milliseconds. */
  async #run(): Promise<number> {
    if (this.#failure !== null) {
      this.clear();
      throw this.#failure;
    }
    if (!this.#tree.waiting) return 0; // there is nothing to compute, or the cache was cleared meanwhile
    try {
      return await this.#tree.run();
    } catch (error) {
      if (error instanceof BrokenModelError) this.#break(error);
      throw error;
    }
  }

  /** Marks the model as broken, and removes all nodes. */
  #break(error: BrokenModelError): void {
    this.#failure = error;
    this.clear();
    this.#onBroken(error);
  }
}

/** Marks that an asker waits no longer. */
function settle(asker: Asker): Asker {
  asker.waits = false;
  return asker;
}
