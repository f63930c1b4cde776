import { BrokenModelError } from "../broken_model_error.ts";
import { BOUNDARY } from "../vocabulary.ts";
import { SLICE, type Work } from "../work.ts";
import { UNKNOWN } from "./key_table.ts";
import type { CacheMemory } from "./cache_memory.ts";
import type { ModelRunner } from "./model_runner.ts";
import type { NodeKeys, NodeStore } from "./nodes.ts";
import { StateCache, StateLayout } from "./states.ts";
import type { Tree, Wanted } from "./tree.ts";

/** An edge is a number: the id of its parent node times this, plus its token, which is smaller. */
const EDGE_TOKENS = 1024;
/** The id of the parent of the root. */
const NO_NODE = -1;

/** The key of a node is the edge that leads to it. */
export const PREFIX_KEYS: NodeKeys = { width: 1, array: Float64Array, ids: true };
/** The fewest nodes in a generation: room for several names of maximum length. */
export const MIN_PREFIX_NODES = 2048;

/** A run of a model costs as much as so many rows more, measured with a small Transformer in ONNX Runtime Web. */
const RUN_ROWS = 6;

/**
 * The most bytes of past states that grow in a step, unless one beginning alone needs more: they are copied twice, and ONNX
 * Runtime's memory never shrinks.
 */
const MAX_PAST_BYTES = 8 * 2 ** 20;

/** A series of steps towards a beginning. */
interface Walk {
  tokens: readonly number[];
  /** The length of the last beginning to reach. */
  readonly to: number;
  /** The length of the next beginning. */
  length: number;
  /** The id of the node of the beginning before that. */
  parent: number;
  /** The states of the positions before it, as {@link StateLayout.gather} takes them. */
  past: Float32Array[];
}

/**
 * The tree of a model that sees all tokens: each beginning has its own node. The model steps from node to node. If the state of a
 * node has been evicted, it is computed again from the nearest ancestor that has one. It is the same to the last bit, because a
 * model runs in single steps, or in passes that give the same bits.
 *
 * Keys and values of attention are not copied from parent to child: each node has those of its own position, and a step gathers
 * those of its ancestors. Source: RadixAttention in Zheng et al., "SGLang: efficient execution of structured language model
 * programs", NeurIPS 2024.
 */
export class PrefixTree implements Tree {
  readonly #runner: ModelRunner;
  readonly #nodes: NodeStore;
  readonly #layout: StateLayout;
  readonly #states: StateCache;
  /** Whether all beginnings of a step must have the same length. */
  readonly #equalLengths: boolean;
  /**
   * The most steps in a run, unless one beginning alone needs more: its new nodes must not evict those that it started from, and
   * it must not hold the event loop for long. A run waits for no timer, since workerd drops the timers of a request that has
   * ended, and a run is shared by requests. Requests pause between runs.
   */
  readonly #maxSteps: number;
  readonly #edge = new Float64Array(1);
  #waiting: Walk[] = [];
  /** The edges of the waiting beginnings that need a single step. */
  #waitingEdges = new Set<number>();
  /** The length of the beginnings of the last run whose length was chosen. */
  #lastLength = -1;

  /**
   * @param maxNodes The nodes in a full generation of `nodes`, at least {@link MIN_PREFIX_NODES}.
   * @param stateBytes Limit of the memory for states.
   * @param memory Memory that the states share with others.
   */
  constructor(
    runner: ModelRunner,
    nodes: NodeStore,
    maxNodes: number,
    stateBytes: number,
    memory: CacheMemory | null,
  ) {
    const { states } = runner.model;
    this.#runner = runner;
    this.#nodes = nodes;
    this.#layout = new StateLayout(states);
    this.#states = new StateCache(stateBytes, this.#layout.size, memory);
    this.#equalLengths = this.#layout.grows || states.length === 0;
    this.#maxSteps = Math.max(
      1,
      Math.min(Math.floor(maxNodes / 2), Math.floor(SLICE / runner.rowMilliseconds)),
    );
  }

  get maxRun(): number {
    return this.#runner.maxRows;
  }

  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  find(tokens: readonly number[], length: number): number {
    let row = this.#findEdge(NO_NODE, BOUNDARY);
    for (let i = 0; i < length && row !== UNKNOWN; i++) row = this.#findEdge(this.#nodes.id(row), tokens[i]);
    return row;
  }

  findNext(parent: number, tokens: readonly number[], length: number): number {
    return this.#findEdge(this.#nodes.id(parent), tokens[length - 1]);
  }

  want(wanted: readonly Wanted[], work?: Work): void {
    let added = 0;
    let steps = 0;
    for (const { tokens, to } of wanted) {
      const walk = this.#walkTo(tokens, to);
      if (walk === null) continue;
      const edge = edgeOf(walk.parent, tokenAt(tokens, walk.length));
      const single = walk.length === to;
      if (single && this.#waitingEdges.has(edge)) continue;
      steps += stepsLeft(walk);
      if (added === this.maxRun || (added > 0 && steps > this.#maxSteps)) return;
      added++;
      for (let step = stepsLeft(walk); step > 0; step--) work?.addPosition();
      if (single) this.#waitingEdges.add(edge);
      this.#waiting.push(walk);
    }
  }

  async run(): Promise<number> {
    let walks = this.#takeWaiting();
    let cost = 0;
    while (true) {
      walks = walks.filter((walk) => !this.#follow(walk));
      if (walks.length === 0) return cost;
      cost += await this.#step(walks) * this.#runner.rowMilliseconds;
    }
  }

  clear(): void {
    this.#nodes.clear();
    this.#states.clear();
    this.#waiting = [];
    this.#waitingEdges.clear();
  }

  /** The steps to a beginning from the nearest ancestor with a state; null if it already has a node. */
  #walkTo(tokens: readonly number[], to: number): Walk | null {
    const walk: Walk = { tokens, to, length: 0, parent: NO_NODE, past: [] };
    const states: Float32Array[] = [];
    let id = NO_NODE;
    for (let length = 0; length <= to; length++) {
      const row = this.#findEdge(id, tokenAt(tokens, length));
      if (row === UNKNOWN) {
        walk.tokens = tokens.slice(0, to);
        return walk;
      }
      id = this.#nodes.id(row);
      const state = this.#stateOf(id);
      if (state === undefined) continue;
      // A state that grows needs those of all positions before it.
      if (this.#layout.grows && states.length < length) continue;
      states.push(state);
      walk.length = length + 1;
      walk.parent = id;
      walk.past = this.#layout.grows ? states : [state];
    }
    return null;
  }

  /** Removes the walks of the next run from those that wait. */
  #takeWaiting(): Walk[] {
    const length = this.#nextLength();
    const walks: Walk[] = [];
    const left: Walk[] = [];
    let steps = 0;
    for (const walk of this.#waiting) {
      const fits = walks.length < this.maxRun && (walks.length === 0 ||
        (steps + stepsLeft(walk) <= this.#maxSteps &&
          this.#pastBytes(walks.length + 1, walk) <= MAX_PAST_BYTES));
      if (fits && (length === null || (walk.length === length && walk.to === length))) {
        walks.push(walk);
        steps += stepsLeft(walk);
      } else {
        left.push(walk);
      }
    }
    this.#waiting = left;
    for (const { parent, tokens, length } of walks) {
      this.#waitingEdges.delete(edgeOf(parent, tokenAt(tokens, length)));
    }
    return walks;
  }

  /** The bytes of past states for a last step of so many beginnings as long as that of a walk. */
  #pastBytes(beginnings: number, { to }: Walk): number {
    const positions = this.#layout.grows ? to : 1;
    return Float32Array.BYTES_PER_ELEMENT * this.#layout.size * positions * beginnings;
  }

  /**
   * The length of the beginnings of the next run; null: any. If those of a step must have the same length and the oldest that
   * waits needs one step, then it is the next greater length that waits, and after the greatest the least: names that are drawn
   * together fall into step, because those that lag come first, and none waits for more than a sweep.
   */
  #nextLength(): number | null {
    if (!this.#equalLengths || this.#waiting.length === 0 || stepsLeft(this.#waiting[0]) > 1) return null;
    let least = Infinity;
    let next = Infinity;
    for (const walk of this.#waiting) {
      if (stepsLeft(walk) > 1) continue;
      least = Math.min(least, walk.length);
      if (walk.length > this.#lastLength) next = Math.min(next, walk.length);
    }
    this.#lastLength = next === Infinity ? least : next;
    return this.#lastLength;
  }

  /**
   * Advances a walk past nodes that already have states, which another walk may have added.
   *
   * @returns Whether it has reached its last beginning.
   */
  #follow(walk: Walk): boolean {
    while (walk.length <= walk.to) {
      const row = this.#findEdge(walk.parent, tokenAt(walk.tokens, walk.length));
      if (row === UNKNOWN) return false;
      const id = this.#nodes.id(row);
      const state = this.#stateOf(id);
      if (state === undefined && walk.length < walk.to) return false;
      if (state !== undefined) this.#advance(walk, id, state);
      else walk.length++;
    }
    return true;
  }

  /**
   * Advances walks by one run of the model, a step or a pass: all of them, or only the shortest ones if their lengths must be
   * equal.
   *
   * @returns The number of rows that the model computed.
   */
  async #step(walks: readonly Walk[]): Promise<number> {
    const shortest = walks.reduce((least, { length }) => Math.min(least, length), Infinity);
    const together = this.#equalLengths ? walks.filter(({ length }) => length === shortest) : walks;
    const byEdge = new Map<number, Walk[]>(); // not Map.groupBy, which Node has only since version 21
    for (const walk of together) {
      const edge = edgeOf(walk.parent, tokenAt(walk.tokens, walk.length));
      const group = byEdge.get(edge);
      if (group) group.push(walk);
      else byEdge.set(edge, [walk]);
    }
    const groups = [...byEdge.values()];
    const firsts = groups.map(([first]) => first);
    const time = this.#passLength(groups);
    const tokens = Int32Array.from(firsts.flatMap((walk) => this.#tokensOf(walk, time)));
    const past = this.#layout.gather(firsts.map(({ past }) => past), shortest);
    const { logProbs, present } = await this.#runner.step(tokens, firsts.length, past, time);
    groups.forEach((group, row) => {
      const [first] = group;
      for (let position = 0; position < time && first.length <= first.to; position++) {
        const state = this.#layout.extract(present, row, position, time);
        const id = this.#add(first, logProbs, row * time + position);
        if (this.#layout.size > 0) this.#states.set(id, state);
        for (const walk of group) this.#advance(walk, id, state);
      }
    });
    return firsts.length * time;
  }

  /**
   * How many tokens of each group of walks the next run takes. More than one only if the model allows passes and no walks share a
   * token: their ways have parted then. Walks that end before others are filled up, if that costs no more than another run.
   */
  #passLength(groups: readonly (readonly Walk[])[]): number {
    if (!this.#runner.model.exactPasses || groups.some(({ length }) => length > 1)) return 1;
    const left = groups.map(([walk]) => stepsLeft(walk)).sort((a, b) => a - b);
    let time = left[0];
    left.every((steps, ended) => {
      if (ended * (steps - time) > RUN_ROWS) return false;
      time = steps;
      return true;
    });
    return Math.min(time, Math.floor(this.maxRun / groups.length));
  }

  /** The tokens that the model needs: those of the next `time` beginnings, or all of them if it has no states. */
  #tokensOf({ tokens, length, to }: Walk, time: number): number[] {
    if (this.#layout.size === 0) return [BOUNDARY, ...tokens.slice(0, length)];
    const next = [tokenAt(tokens, length)];
    for (let i = 1; i < time; i++) next.push(length + i <= to ? tokens[length + i - 1] : BOUNDARY);
    return next;
  }

  #advance(walk: Walk, id: number, state: Float32Array): void {
    walk.length++;
    walk.parent = id;
    if (this.#layout.grows) walk.past.push(state);
    else walk.past = [state];
  }

  /** The id of the node of the next beginning, which is added if it is missing. */
  #add({ tokens, length, parent }: Walk, logProbs: Float32Array, index: number): number {
    const known = this.#findEdge(parent, tokenAt(tokens, length));
    if (known !== UNKNOWN) return this.#nodes.id(known);
    try {
      return this.#nodes.id(this.#nodes.add(this.#edge, 0, logProbs, index));
    } catch (error) {
      const beginning = [BOUNDARY, ...tokens.slice(0, length)].join(" ");
      throw new BrokenModelError(`after the tokens ${beginning} ${(error as Error).message}`);
    }
  }

  /** The state of a node. It is empty for a model without states, and every node has it. */
  #stateOf(id: number): Float32Array | undefined {
    return this.#layout.size > 0 ? this.#states.get(id) : NO_STATE;
  }

  /** The row at the end of an edge, or UNKNOWN. It leaves the edge in {@link #edge}. */
  #findEdge(parent: number, token: number): number {
    this.#edge[0] = edgeOf(parent, token);
    return this.#nodes.find(this.#edge, 0);
  }
}

const NO_STATE = new Float32Array();

function stepsLeft({ length, to }: Walk): number {
  return to - length + 1;
}

function edgeOf(parent: number, token: number): number {
  return parent * EDGE_TOKENS + token;
}

/** The last token of a beginning; the boundary for the empty one. */
function tokenAt(tokens: readonly number[], length: number): number {
  return length === 0 ? BOUNDARY : tokens[length - 1];
}
