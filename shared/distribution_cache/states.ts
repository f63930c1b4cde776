import type { ModelState } from "../language_model.ts";
import type { CacheMemory } from "./cache_memory.ts";
import { grown } from "./grown.ts";
import { NO_STATE, type PrefixNodes } from "./prefix_nodes.ts";
import { chooseKept } from "./retention.ts";

/** Bytes of memory that are taken at a time. */
const PIECE_BYTES = 2 ** 20;
/** Purging makes room for this share of the states. */
const PURGED_SHARE = 1 / 8;

/**
 * The layout of the array that a node keeps: the states of the model one after the other, for one position.
 */
export class StateLayout {
  /** The length of the array. */
  readonly size: number;
  /** Whether a step needs the states of all positions before it, instead of only the last one. */
  readonly grows: boolean;
  readonly #parts: readonly { start: number; outer: number; inner: number; grows: boolean }[];

  constructor(states: readonly ModelState[]) {
    let start = 0;
    this.#parts = states.map(({ shape }) => {
      const axis = shape.indexOf("past");
      const outer = product(shape.slice(0, Math.max(0, axis))); // 1 without the axis "past"
      const inner = product(shape.slice(axis + 1));
      const part = { start, outer, inner, grows: axis !== -1 };
      start += outer * inner;
      return part;
    });
    this.size = start;
    this.grows = this.#parts.some(({ grows }) => grows);
  }

  /**
   * Makes the `past` of a step.
   *
   * @param beginnings For each beginning of the batch, the states of its positions in order, arrays or slots of the pool; only the
   * last one is needed if no state grows. Empty at the start.
   * @param depth The number of positions before the step, which is the same for all beginnings if a state grows.
   * @returns One array a state: [batch, ...shape], zeros at the start.
   */
  gather(
    beginnings: readonly (readonly (Float32Array | number)[])[],
    depth: number,
    pool?: StatePool,
  ): Float32Array[] {
    const past = this.#parts.map(({ outer, inner, grows }) =>
      new Float32Array(beginnings.length * outer * (grows ? depth : 1) * inner)
    );
    beginnings.forEach((states, row) => {
      states.forEach((state, position) => {
        if (typeof state === "number") pool!.put(state, past, row, position, depth);
        else this.put(past, row, position, depth, state);
      });
    });
    return past;
  }

  /**
   * Copies the array of a node to the `past` of a step. Of a state that does not grow, the last position that is copied stays.
   *
   * @param row The beginning in the batch.
   * @param position The position of the node, from 0 to `depth` - 1.
   * @param from The array, from `offset` on.
   */
  put(
    past: readonly Float32Array[],
    row: number,
    position: number,
    depth: number,
    from: Float32Array,
    offset = 0,
  ): void {
    this.#parts.forEach(({ start, outer, inner, grows }, i) => {
      const target = past[i];
      const [positions, at] = grows ? [depth, position] : [1, 0];
      for (let o = 0; o < outer; o++) {
        const source = offset + start + o * inner;
        const to = ((row * outer + o) * positions + at) * inner;
        for (let k = 0; k < inner; k++) target[to + k] = from[source + k];
      }
    });
  }

  /**
   * Copies the array of a node from the `present` of a step, or of a pass over several positions.
   *
   * @param present One array a state: [batch, ...shape], in which "past" is `time`.
   * @param row The row of the batch.
   * @param position From 0 to `time` - 1.
   * @param to The array, from `offset` on.
   */
  extract(
    present: readonly Float32Array[],
    row: number,
    position = 0,
    time = 1,
    to: Float32Array = new Float32Array(this.size),
    offset = 0,
  ): Float32Array {
    this.#parts.forEach(({ start, outer, inner }, i) => {
      const source = present[i];
      for (let o = 0; o < outer; o++) {
        const from = ((row * outer + o) * time + position) * inner;
        const target = offset + start + o * inner;
        for (let k = 0; k < inner; k++) to[target + k] = source[from + k];
      }
    });
    return to;
  }
}

function product(lengths: readonly (number | "past")[]): number {
  return (lengths as readonly number[]).reduce((a, b) => a * b, 1);
}

/**
 * The states of nodes, in bounded memory. When it is full, the states of likely beginnings stay, and those that were used last.
 *
 * A state is a slot, which is valid until the next {@link add} or {@link remove}.
 */
export class StatePool {
  /** Whether states have been removed for others since there were none. */
  isFull = false;
  readonly #layout: StateLayout;
  readonly #nodes: PrefixNodes;
  readonly #maxStates: number;
  /** The memory that the states share with others; null if it is theirs alone. */
  readonly #memory: CacheMemory | null;
  readonly #statesPerPiece: number;
  /** [statesPerPiece, size] each. */
  #pieces: Float32Array[] = [];
  /** The states that there is memory for now. */
  #room = 0;
  /** [room]: the row of the node of each state. */
  #rows = new Int32Array();
  /** [room]: the log-probability of its beginning; NaN: the slot is free. */
  #likelihoods = new Float32Array();
  /** [room]: when each state was used last. */
  #used = new Uint32Array();
  #free: number[] = [];

  /**
   * @param nodes The nodes whose states they are.
   * @param memory Memory that is shared with others. There are fewer states where there is none left.
   */
  constructor(bytes: number, layout: StateLayout, nodes: PrefixNodes, memory: CacheMemory | null = null) {
    this.#layout = layout;
    this.#nodes = nodes;
    this.#maxStates = Math.max(1, Math.floor(bytes / StatePool.bytesPerState(layout.size)));
    this.#memory = memory;
    this.#statesPerPiece = Math.max(1, Math.floor(PIECE_BYTES / StatePool.bytesPerState(layout.size)));
  }

  /** Bytes of a state: its numbers, and four more. */
  static bytesPerState(size: number): number {
    return 4 * size + 16;
  }

  /** The number of states. */
  get count(): number {
    return this.#room - this.#free.length;
  }

  /** Copies the state of a node, which has none yet, from the `present` of a step; see {@link StateLayout.extract}. */
  add(node: number, present: readonly Float32Array[], row: number, position: number, time: number): void {
    if (this.#free.length === 0 && !this.#grow()) this.#purge();
    const slot = this.#free.pop()!;
    this.#layout.extract(present, row, position, time, this.#piece(slot), this.#offset(slot));
    this.#rows[slot] = node;
    this.#likelihoods[slot] = this.#nodes.likelihood(node);
    this.#used[slot] = this.#nodes.now;
    this.#nodes.stateSlots[node] = slot;
  }

  /** Copies a state to the `past` of a step; see {@link StateLayout.put}. This counts as a use. */
  put(slot: number, past: readonly Float32Array[], row: number, position: number, depth: number): void {
    this.#used[slot] = this.#nodes.now;
    this.#layout.put(past, row, position, depth, this.#piece(slot), this.#offset(slot));
  }

  /** A copy of a state. */
  copy(slot: number): Float32Array {
    const offset = this.#offset(slot);
    return this.#piece(slot).slice(offset, offset + this.#layout.size);
  }

  /** Removes the state of a node, if it has one. */
  remove(node: number): void {
    const slot = this.#nodes.stateSlots[node];
    if (slot === NO_STATE) return;
    this.#nodes.stateSlots[node] = NO_STATE;
    this.#likelihoods[slot] = NaN;
    this.#free.push(slot);
  }

  clear(): void {
    this.isFull = false;
    this.#pieces = [];
    this.#room = 0;
    this.#rows = new Int32Array();
    this.#likelihoods = new Float32Array();
    this.#used = new Uint32Array();
    this.#free = [];
  }

  #piece(slot: number): Float32Array {
    return this.#pieces[Math.floor(slot / this.#statesPerPiece)];
  }

  /** Where a state begins in its piece. */
  #offset(slot: number): number {
    return (slot % this.#statesPerPiece) * this.#layout.size;
  }

  /** Makes room for another piece of states, if there is memory. */
  #grow(): boolean {
    const added = Math.min(this.#statesPerPiece, this.#maxStates - this.#room);
    if (added === 0) return false;
    const bytes = added * StatePool.bytesPerState(this.#layout.size);
    if (this.#memory !== null && !this.#memory.reserve(bytes, this.#room === 0)) return false;
    const room = this.#room + added;
    this.#pieces.push(new Float32Array(added * this.#layout.size));
    this.#rows = grown(this.#rows, new Int32Array(room));
    this.#likelihoods = grown(this.#likelihoods, new Float32Array(room).fill(NaN));
    this.#used = grown(this.#used, new Uint32Array(room));
    for (let slot = room - 1; slot >= this.#room; slot--) this.#free.push(slot);
    this.#room = room;
    return true;
  }

  /** Makes room where all is full. */
  #purge(): void {
    this.isFull = true;
    const budget = this.#room - Math.ceil(PURGED_SHARE * this.#room);
    const kept = chooseKept(this.#likelihoods, this.#used, this.#nodes.now, budget);
    for (let slot = 0; slot < this.#room; slot++) if (kept[slot] === 0) this.remove(this.#rows[slot]);
  }
}
