import { BrokenModelError } from "../broken_model_error.ts";
import { takeTurn } from "../event_loop.ts";
import { BOUNDARY } from "../vocabulary.ts";
import { SLICE, type Work } from "../work.ts";
import { UNKNOWN } from "./key_table.ts";
import type { ModelRunner } from "./model_runner.ts";
import type { NodeKeys, NodeStore } from "./nodes.ts";
import { StateCache, StateLayout } from "./states.ts";
import type { Tree, Wanted } from "./tree.ts";

/** An edge is one number: the id of the node that it leaves, and its token, which is smaller than this. */
const EDGE_TOKENS = 1024;
/** What the edge to the root leaves: the beginning before the boundary was read. */
const NO_NODE = -1;

/** The key of a node is the edge that leads to it. */
export const PREFIX_KEYS: NodeKeys = { width: 1, array: Float64Array, ids: true };
/** Fewest nodes in a generation: several whole names of the greatest length. */
export const MIN_PREFIX_NODES = 2048;

/** A beginning on its way to the nodes that are wanted. */
interface Walk {
  tokens: readonly number[];
  /** The length of the last beginning that is wanted. */
  readonly to: number;
  /** The length of the beginning whose node comes next. */
  length: number;
  /** The id of the node before it. */
  parent: number;
  /** The states of the positions before it, as {@link StateLayout.gather} takes them. */
  past: Float32Array[];
}

/**
 * The tree of a model that sees all tokens: a node for each beginning. The model goes from a node to the next one, from
 * token to token; where a node's state was forgotten it is made again, from the nearest node on the way that has one. States are
 * the same to the last bit however often they are made, since a model is only ever run in steps.
 *
 * Keys and values of attention are not copied from a node to the next: each node has its own position's, and a step gathers
 * those along the way. Source: RadixAttention in Zheng et al., "SGLang: efficient execution of structured language model
 * programs", NeurIPS 2024.
 */
export class PrefixTree implements Tree {
  readonly #runner: ModelRunner;
  readonly #nodes: NodeStore;
  readonly #layout: StateLayout;
  readonly #states: StateCache;
  /** Whether only beginnings of equal length can step together. */
  readonly #equalLengths: boolean;
  /** Most steps of a run: what it adds must not push out what it started from. */
  readonly #maxSteps: number;
  readonly #edge = new Float64Array(1);
  #waiting: Walk[] = [];
  /** The edges of those that wait for a single step. */
  #waitingEdges = new Set<number>();

  /**
   * @param maxNodes Most nodes of a generation of `nodes`, at least {@link MIN_PREFIX_NODES}.
   * @param stateBytes Memory that the states may take.
   */
  constructor(runner: ModelRunner, nodes: NodeStore, maxNodes: number, stateBytes: number) {
    const { states } = runner.model;
    this.#runner = runner;
    this.#nodes = nodes;
    this.#layout = new StateLayout(states);
    this.#states = new StateCache(stateBytes, this.#layout.size);
    this.#equalLengths = this.#layout.grows || states.length === 0;
    this.#maxSteps = Math.floor(maxNodes / 2);
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
    let sinceTurn = 0;
    while (true) {
      walks = walks.filter((walk) => !this.#follow(walk));
      if (walks.length === 0) return cost;
      if (sinceTurn > SLICE / 2) {
        await takeTurn();
        sinceTurn = 0;
      }
      const rows = await this.#step(walks);
      cost += rows * this.#runner.rowMilliseconds;
      sinceTurn += rows * this.#runner.rowMilliseconds;
    }
  }

  clear(): void {
    this.#nodes.clear();
    this.#states.clear();
    this.#waiting = [];
    this.#waitingEdges.clear();
  }

  /** The way from the last node that can be gone on from to a beginning; null if that has a node. */
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

  /** The walks that have waited longest, as many as a run takes. */
  #takeWaiting(): Walk[] {
    let steps = 0;
    let count = 0;
    for (; count < Math.min(this.#waiting.length, this.maxRun); count++) {
      steps += stepsLeft(this.#waiting[count]);
      if (count > 0 && steps > this.#maxSteps) break;
    }
    const walks = this.#waiting.splice(0, count);
    for (const { parent, tokens, length } of walks) {
      this.#waitingEdges.delete(edgeOf(parent, tokenAt(tokens, length)));
    }
    return walks;
  }

  /**
   * Goes on with a walk as far as there are nodes with states, which another walk may have made meanwhile.
   *
   * @returns Whether it has come to its end.
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
   * Takes walks one token forward, all of them or, where only equal lengths go together, the shortest.
   *
   * @returns How many rows the model was asked for.
   */
  async #step(walks: readonly Walk[]): Promise<number> {
    const shortest = walks.reduce((least, { length }) => Math.min(least, length), Infinity);
    const together = this.#equalLengths ? walks.filter(({ length }) => length === shortest) : walks;
    const byEdge = Map.groupBy(
      together,
      ({ parent, tokens, length }) => edgeOf(parent, tokenAt(tokens, length)),
    );
    const groups = [...byEdge.values()];
    const firsts = groups.map(([first]) => first);
    const tokens = Int32Array.from(firsts.flatMap((walk) => this.#tokensOf(walk)));
    const past = this.#layout.gather(firsts.map(({ past }) => past), shortest);
    const { logProbs, present } = await this.#runner.step(tokens, firsts.length, past);
    groups.forEach((group, row) => {
      const state = this.#layout.extract(present, row);
      const id = this.#add(firsts[row], logProbs, row);
      if (this.#layout.size > 0) this.#states.set(id, state);
      for (const walk of group) this.#advance(walk, id, state);
    });
    return firsts.length;
  }

  /** What the model is given of a beginning: its newest token, or, where it has no state, all of it. */
  #tokensOf({ tokens, length }: Walk): number[] {
    return this.#layout.size > 0 ? [tokenAt(tokens, length)] : [BOUNDARY, ...tokens.slice(0, length)];
  }

  #advance(walk: Walk, id: number, state: Float32Array): void {
    walk.length++;
    walk.parent = id;
    if (this.#layout.grows) walk.past.push(state);
    else walk.past = [state];
  }

  /** The id of the node of a beginning, which is added where there is none. */
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

  /** The state of a node; where the model has none, an empty one, which every node has. */
  #stateOf(id: number): Float32Array | undefined {
    return this.#layout.size > 0 ? this.#states.get(id) : NO_STATE;
  }

  /** The row that an edge leads to, or UNKNOWN. The edge stays in {@link #edge}. */
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

/** The token that leads to the beginning of some length: the boundary to the empty one. */
function tokenAt(tokens: readonly number[], length: number): number {
  return length === 0 ? BOUNDARY : tokens[length - 1];
}
