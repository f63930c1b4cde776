import type { ModelState } from "../language_model.ts";
import type { CacheMemory } from "./cache_memory.ts";

/** Bytes of a state in the cache beside its numbers. */
const OVERHEAD = 128;
/** Bytes of shared memory that are taken at a time. */
const PIECE_BYTES = 2 ** 20;

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
   * @param beginnings For each beginning of the batch, the arrays of its positions in order; only the last one is needed if no
   * state grows. Empty at the start.
   * @param depth The number of positions before the step, which is the same for all beginnings if a state grows.
   * @returns One array a state: [batch, ...shape], zeros at the start.
   */
  gather(beginnings: readonly (readonly Float32Array[])[], depth: number): Float32Array[] {
    return this.#parts.map(({ start, outer, inner, grows }) => {
      const positions = grows ? depth : 1;
      const size = outer * positions * inner;
      const past = new Float32Array(beginnings.length * size);
      beginnings.forEach((arrays, row) => {
        const used = grows ? arrays : arrays.slice(-1);
        used.forEach((array, position) => {
          for (let o = 0; o < outer; o++) {
            const from = start + o * inner;
            const to = row * size + (o * positions + position) * inner;
            for (let i = 0; i < inner; i++) past[to + i] = array[from + i];
          }
        });
      });
      return past;
    });
  }

  /**
   * The array of a node from the `present` of a step, or of a pass over several positions.
   *
   * @param present One array a state: [batch, ...shape], in which "past" is `time`.
   * @param row The row of the batch.
   * @param position From 0 to `time` - 1.
   */
  extract(present: readonly Float32Array[], row: number, position = 0, time = 1): Float32Array {
    const array = new Float32Array(this.size);
    this.#parts.forEach(({ start, outer, inner }, i) => {
      const source = present[i];
      for (let o = 0; o < outer; o++) {
        const from = ((row * outer + o) * time + position) * inner;
        const to = start + o * inner;
        for (let k = 0; k < inner; k++) array[to + k] = source[from + k];
      }
    });
    return array;
  }
}

function product(lengths: readonly (number | "past")[]): number {
  return (lengths as readonly number[]).reduce((a, b) => a * b, 1);
}

/** A state in a list from the least to the most recently used one, which is a ring: the cache's own entry closes it. */
interface Entry {
  id: number;
  state: Float32Array;
  before: Entry;
  after: Entry;
}

/**
 * The most recently used states, by the ids of their nodes, in bounded memory (LRU). They are a linked list, because to delete
 * from a `Map` and insert again, for each use, takes as long as a tenth of a step.
 */
export class StateCache {
  readonly #maxStates: number;
  /** The memory that the states share with others; null if it is theirs alone. */
  readonly #memory: CacheMemory | null;
  readonly #bytesPerState: number;
  /** The states that there is memory for now. */
  #room: number;
  readonly #entries = new Map<number, Entry>();
  /** Between the most recently used state, before it, and the least recently used one. */
  readonly #end: Entry;

  /**
   * @param size The number of numbers in a state.
   * @param memory Memory that is shared with others. There are fewer states where there is none left.
   */
  constructor(bytes: number, size: number, memory: CacheMemory | null = null) {
    this.#bytesPerState = Float32Array.BYTES_PER_ELEMENT * size + OVERHEAD;
    this.#maxStates = Math.max(1, Math.floor(bytes / this.#bytesPerState));
    this.#memory = memory;
    this.#room = memory === null ? this.#maxStates : 0;
    const end = { id: NaN, state: new Float32Array() } as Entry;
    this.#end = end.before = end.after = end;
  }

  /** The number of states. */
  get count(): number {
    return this.#entries.size;
  }

  /** The state of a node, if it is in the cache. This counts as a use. */
  get(id: number): Float32Array | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    this.#link(entry);
    return entry.state;
  }

  set(id: number, state: Float32Array): void {
    const known = this.#entries.get(id);
    if (known !== undefined) this.#unlink(known);
    const entry = { id, state } as Entry;
    this.#entries.set(id, entry);
    this.#link(entry);
    if (this.#entries.size <= this.#room || this.#makeRoom()) return;
    const oldest = this.#end.after;
    this.#unlink(oldest);
    this.#entries.delete(oldest.id);
  }

  clear(): void {
    this.#entries.clear();
    if (this.#memory !== null) this.#room = 0;
    this.#end.before = this.#end.after = this.#end;
  }

  /** Takes memory for more states, if there is any. */
  #makeRoom(): boolean {
    if (this.#room === this.#maxStates) return false;
    const piece = Math.max(1, Math.floor(PIECE_BYTES / this.#bytesPerState));
    const room = Math.min(this.#maxStates, this.#room + piece);
    if (!this.#memory!.reserve((room - this.#room) * this.#bytesPerState, this.#room === 0)) return false;
    this.#room = room;
    return true;
  }

  /** Makes an entry the most recently used one. */
  #link(entry: Entry): void {
    const end = this.#end;
    entry.before = end.before;
    entry.after = end;
    end.before.after = entry;
    end.before = entry;
  }

  #unlink({ before, after }: Entry): void {
    before.after = after;
    after.before = before;
  }
}
