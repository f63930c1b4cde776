import { BrokenModelError } from "../broken_model_error.ts";
import { BOUNDARY } from "../vocabulary.ts";
import { SLICE, type Work } from "../work.ts";
import { UNKNOWN } from "./key_table.ts";
import type { CacheMemory } from "./cache_memory.ts";
import type { ModelRunner } from "./model_runner.ts";
import { edgeOf, NO_PARENT, NO_STATE, type PrefixNodes } from "./prefix_nodes.ts";
import { StateLayout, StatePool } from "./states.ts";
import { NO_EPOCH, type Parent, type Tree, type Wanted } from "./tree.ts";

/** The fewest nodes that there is room for: several names of maximum length. */
export const MIN_PREFIX_NODES = 2048;

/** A run of a model costs as much as so many rows more, measured with a small Transformer in ONNX Runtime Web. */
const RUN_ROWS = 6;

/**
 * The share of the nodes and states of a full cache that one request may have in use. What is in use stays only if it is little, and
 * several requests for unlikely beginnings at a time would otherwise make each other compute theirs again from the root.
 */
const REQUEST_SHARE = 1 / 64;

/**
 * The most bytes of past states that grow in a step, unless one beginning alone needs more: they are copied twice, and ONNX
 * Runtime's memory never shrinks.
 */
const MAX_PAST_BYTES = 8 * 2 ** 20;

/** The parent of a beginning that has to be looked up from the root. */
const NOT_KNOWN: Readonly<Parent> = { row: UNKNOWN, epoch: NO_EPOCH };

/** A series of steps towards a beginning. */
interface Walk {
  tokens: readonly number[];
  /** The length of the last beginning to reach. */
  readonly to: number;
  /** The length of the next beginning. */
  length: number;
  /** The row of the beginning before that. */
  parent: number;
  /** The parent of the last beginning, if it is known. */
  readonly lastParent: Readonly<Parent>;
  /** How many of the beginnings have no node. */
  missing: number;
  /** What tells its last beginning from others: the edge to it if only that is missing, otherwise its tokens. */
  key: number | string;
  /** The {@link PrefixTree.#changes} for which the fields below and above hold. */
  located: number;
  /**
   * The states that the next step starts from: of all positions before it if they grow, otherwise of the last one. Slots of the pool,
   * or copies.
   */
  past: (number | Float32Array)[];
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
  readonly #nodes: PrefixNodes;
  readonly #layout: StateLayout;
  readonly #states: StatePool;
  /** Whether all beginnings of a step must have the same length. */
  readonly #equalLengths: boolean;
  /** The fewest nodes that there is room for. */
  readonly #maxNodes: number;
  /**
   * The most steps in a run, unless one beginning alone needs more: there must be room for its new nodes, and it must not hold the
   * event loop for long. A run waits for no timer, since workerd drops the timers of a request that has ended, and a run is shared
   * by requests. Requests pause between runs.
   */
  readonly #maxSteps: number;
  #waiting: Walk[] = [];
  /** The keys of the waiting walks. Those that a run leaves are asked for again, and must not be added again and again. */
  #waitingKeys = new Set<number | string>();
  /** The length of the beginnings of the last run whose length was chosen. */
  #lastLength = -1;
  /** How often nodes and states have changed. A walk that waits is located again after a change. */
  #changes = 0;

  /**
   * @param maxNodes The nodes that there is room for in any case, at least {@link MIN_PREFIX_NODES}.
   * @param stateBytes Limit of the memory for states.
   * @param memory Memory that the states share with others.
   */
  constructor(
    runner: ModelRunner,
    nodes: PrefixNodes,
    maxNodes: number,
    stateBytes: number,
    memory: CacheMemory | null,
  ) {
    const { states } = runner.model;
    this.#runner = runner;
    this.#nodes = nodes;
    this.#layout = new StateLayout(states);
    this.#states = new StatePool(stateBytes, this.#layout, nodes, memory);
    this.#equalLengths = this.#layout.grows || states.length === 0;
    this.#maxNodes = maxNodes;
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
    let row = this.#nodes.find(NO_PARENT, BOUNDARY);
    for (let i = 0; i < length && row !== UNKNOWN; i++) row = this.#nodes.find(row, tokens[i]);
    return row;
  }

  findNext(parent: number, tokens: readonly number[], length: number): number {
    return this.#nodes.find(parent, tokens[length - 1]);
  }

  want(wanted: readonly Wanted[], work?: Work): void {
    const limits = this.#limitsInUse();
    let added = 0;
    let steps = 0;
    const inUse = { nodes: 0, walks: 0 };
    for (const { tokens, to, parent } of wanted) {
      const walk: Walk = {
        tokens,
        to,
        length: 0,
        parent: NO_PARENT,
        lastParent: parent === undefined ? NOT_KNOWN : { ...parent },
        missing: 0,
        key: "",
        located: 0,
        past: [],
      };
      if (!this.#locate(walk)) continue;
      if (walk.missing > 1) walk.key = tokens.slice(0, to).join();
      if (walk.missing === 1) { // of a name that is drawn, whose next beginning will start from this one
        inUse.nodes += to + 1;
        inUse.walks++;
        if (inUse.walks > 1 && (inUse.nodes > limits.nodes || inUse.walks > limits.walks)) return;
      }
      if (this.#waitingKeys.has(walk.key)) continue;
      steps += stepsLeft(walk);
      if (added === this.maxRun || (added > 0 && steps > this.#maxSteps)) return;
      added++;
      for (let step = stepsLeft(walk); step > 0; step--) work?.addPosition();
      this.#waitingKeys.add(walk.key);
      walk.tokens = tokens.slice(0, to);
      this.#waiting.push(walk);
    }
  }

  async run(): Promise<number> {
    this.#nodes.tick();
    let walks = this.#makeRoom(
      this.#takeWaiting().filter((walk) => walk.located === this.#changes || this.#locate(walk)),
    );
    const { epoch } = this.#nodes;
    let cost = 0;
    while (walks.length > 0) {
      cost += await this.#step(walks) * this.#runner.rowMilliseconds;
      if (this.#nodes.epoch !== epoch) return cost; // the cache was cleared meanwhile
      walks = walks.filter((walk) => !this.#follow(walk));
    }
    return cost;
  }

  clear(): void {
    this.#changes++;
    this.#nodes.clear();
    this.#states.clear();
    this.#waiting = [];
    this.#waitingKeys.clear();
  }

  /**
   * Starts a walk at the nearest ancestor of its last beginning that has a state.
   *
   * @returns Whether the last beginning has no node yet.
   */
  #locate(walk: Walk): boolean {
    const { tokens, to, lastParent } = walk;
    walk.located = this.#changes;
    walk.length = 0;
    walk.parent = NO_PARENT;
    walk.past = [];
    let length = 0;
    let row = NO_PARENT;
    const known = lastParent.epoch === this.#nodes.epoch && this.#hasState(lastParent.row);
    if (known && !this.#layout.grows) {
      length = to;
      row = lastParent.row;
      this.#advance(walk, row, to - 1);
    }
    for (; length <= to; length++) {
      const parent = row;
      row = this.#nodes.find(parent, tokenAt(tokens, length));
      if (row === UNKNOWN) {
        walk.missing = to - length + 1;
        walk.key = edgeOf(parent, tokenAt(tokens, length));
        return true;
      }
      // A state that grows needs those of all positions before it.
      if (this.#hasState(row) && !(this.#layout.grows && walk.length < length)) {
        this.#advance(walk, row, length);
      }
    }
    return false;
  }

  /**
   * Makes room for the nodes of some walks. Nodes that are removed for it may be some that walks have passed already, so that it may
   * not be enough for all of them.
   *
   * @returns The walks that there is room for: at least the first, even if it has to start from the root.
   */
  #makeRoom(walks: Walk[]): Walk[] {
    let nodes = walks.reduce((sum, { missing }) => sum + missing, 0);
    if (this.#nodes.hasRoomFor(nodes)) return walks;
    nodes = Math.max(walks[0].to + 1, Math.min(nodes, Math.floor(this.#maxNodes / 4)));
    for (const walk of walks) this.#locate(walk); // which counts as a use, so that what they start from stays
    this.#nodes.purge(nodes, (row) => this.#states.remove(row));
    // Edges may be those of other nodes now. Who waits asks again after this run.
    this.#waiting = [];
    this.#waitingKeys.clear();
    let { vacant } = this.#nodes;
    return walks.filter((walk) => {
      if (!this.#locate(walk) || walk.missing > vacant) return false;
      vacant -= walk.missing;
      return true;
    });
  }

  /** How many nodes one call of {@link want} may have in use, and how many walks to them. */
  #limitsInUse(): { nodes: number; walks: number } {
    const nodes = this.#nodes.isFull ? REQUEST_SHARE * this.#nodes.rows.room : Infinity;
    const states = this.#states.isFull ? REQUEST_SHARE * this.#states.count : Infinity;
    return this.#layout.grows
      ? { nodes: Math.min(nodes, states), walks: Infinity }
      : { nodes, walks: states };
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
    for (const { key } of walks) this.#waitingKeys.delete(key);
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
      const row = this.#nodes.find(walk.parent, tokenAt(walk.tokens, walk.length));
      if (row === UNKNOWN) return false;
      if (walk.length === walk.to) return true;
      if (!this.#hasState(row)) return false;
      this.#advance(walk, row, walk.length);
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
    const tokens = this.#tokensOf(firsts, time);
    const past = this.#layout.gather(firsts.map(({ past }) => past), shortest, this.#states);
    const goesOn = (walk: Walk) => stepsLeft(walk) > time;
    for (const walk of walks) {
      // Slots are valid only until states are added. States that do not grow are replaced by the next ones.
      if (this.#layout.grows && (goesOn(walk) || together.length < walks.length)) {
        walk.past = walk.past.map((state) => this.#copy(state));
      }
    }
    const { epoch } = this.#nodes;
    const { logProbs, present } = await this.#runner.step(tokens, firsts.length, past, time);
    if (this.#nodes.epoch !== epoch) return firsts.length * time; // the rows are those of other nodes now
    this.#changes++;
    groups.forEach((group, row) => {
      const [first] = group;
      const { length, to } = first;
      const last = group.some(goesOn) ? time : 0; // positions whose states walks go on from
      for (let position = 0; position < time && length + position <= to; position++) {
        const node = this.#add(first, logProbs, row * time + position);
        const state = position < last ? this.#layout.extract(present, row, position, time) : undefined;
        if (!this.#hasState(node)) this.#states.add(node, present, row, position, time);
        for (const walk of group) this.#advance(walk, node, walk.length, state);
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

  /**
   * The tokens that the model needs, [walks, time]: those of the next `time` beginnings of each walk, or all of them if it has no
   * states.
   */
  #tokensOf(walks: readonly Walk[], time: number): Int32Array<ArrayBuffer> {
    if (this.#layout.size === 0) {
      return Int32Array.from(walks.flatMap(({ tokens, length }) => [BOUNDARY, ...tokens.slice(0, length)]));
    }
    const next = new Int32Array(walks.length * time);
    walks.forEach(({ tokens, length, to }, row) => {
      for (let i = 0; i < time && length + i <= to; i++) next[row * time + i] = tokenAt(tokens, length + i);
    });
    return next;
  }

  /**
   * Moves a walk to a node.
   *
   * @param length The length of its beginning.
   * @param state Its state. Default: that of the pool.
   */
  #advance(
    walk: Walk,
    row: number,
    length: number,
    state: number | Float32Array = this.#nodes.stateSlots[row],
  ): void {
    walk.length = length + 1;
    walk.parent = row;
    if (this.#layout.grows) walk.past.push(state);
    else if (this.#layout.size > 0) walk.past[0] = state;
  }

  /** The row of the node of the next beginning, which is added if it is missing. */
  #add({ tokens, length, parent }: Walk, logProbs: Float32Array, index: number): number {
    const token = tokenAt(tokens, length);
    const known = this.#nodes.find(parent, token);
    if (known !== UNKNOWN) return known;
    try {
      return this.#nodes.add(parent, token, logProbs, index);
    } catch (error) {
      const beginning = [BOUNDARY, ...tokens.slice(0, length)].join(" ");
      throw new BrokenModelError(`after the tokens ${beginning} ${(error as Error).message}`);
    }
  }

  #copy(state: number | Float32Array): Float32Array {
    return typeof state === "number" ? this.#states.copy(state) : state;
  }

  /** Whether the state of a node is in memory. Every node of a model without states has one. */
  #hasState(row: number): boolean {
    return this.#layout.size === 0 || this.#nodes.stateSlots[row] !== NO_STATE;
  }
}

function stepsLeft({ length, to }: Walk): number {
  return to - length + 1;
}

/** The last token of a beginning; the boundary for the empty one. */
function tokenAt(tokens: readonly number[], length: number): number {
  return length === 0 ? BOUNDARY : tokens[length - 1];
}
