import type { CacheMemory } from "./cache_memory.ts";
import { DistributionTable } from "./distribution_table.ts";
import { grown } from "./grown.ts";
import { UNKNOWN } from "./key_table.ts";
import { chooseKept } from "./retention.ts";
import type { Nodes } from "./tree.ts";

/** The row of the parent of the root. Larger than any other row. */
export const NO_PARENT = 2 ** 22 - 1;
/** A node has no state in memory. */
export const NO_STATE = -1;
/** Bits of an edge that hold the token: enough for 1,024. The others hold the row of the parent. */
const TOKEN_BITS = 10;
const TOKEN_MASK = 2 ** TOKEN_BITS - 1;

/** Initial capacity. It grows by doubling. */
const FIRST_NODES = 256;
/** Slots of the hash table for each node. */
const SLOTS_PER_NODE = 1.5;
/** 2^32 divided by the golden ratio, odd: multiples of it modulo 2^32 are far apart. */
const HASH_FACTOR = 0x9e3779b1;
/** Purging makes room for at least this share of the nodes. */
const PURGED_SHARE = 1 / 8;

/**
 * The nodes of a tree of prefixes in bounded memory. A node is found by the row of its parent and its token, an edge.
 *
 * When there is no room, {@link purge} removes nodes: likely beginnings stay, and those that were used last. A parent stays as long
 * as its children, so an edge never leads from a row that is another node's now.
 *
 * A row is valid as long as {@link epoch} does not change.
 */
export class PrefixNodes implements Nodes {
  rows: DistributionTable;
  epoch = 0;
  /** Whether nodes have been removed since there were none. */
  isFull = false;
  /** [room]: the slot of the state of each node in a `StatePool`, or {@link NO_STATE}. */
  stateSlots: Int32Array;
  readonly #vocabularySize: number;
  readonly #maxNodes: number;
  /** The memory that the nodes share with others; null if it is theirs alone. */
  readonly #memory: CacheMemory | null;
  /** The nodes that there is memory for in any case. */
  readonly #guaranteed: number;
  /** The nodes that memory was taken for. */
  #reserved = 0;
  /** [room]: the edge to each node. */
  #edges: Uint32Array;
  /** [room]: the log-probability of each beginning; NaN: the row is free. */
  #likelihoods: Float32Array;
  /** [room]: when each node was found last. */
  #used: Uint32Array;
  /** The hash table: rows, or {@link UNKNOWN}. */
  #slots: Int32Array;
  /** The rows before this one have been used. */
  #end = 0;
  /** Those of them that are free. */
  #free: number[] = [];
  #now = 0;

  /**
   * @param maxNodes The most nodes, at least 1.
   * @param memory Memory that is shared with others. There are fewer nodes where there is none left.
   * @param guaranteed The fewest nodes that there is room for then.
   */
  constructor(
    vocabularySize: number,
    maxNodes: number,
    memory: CacheMemory | null = null,
    guaranteed: number = maxNodes,
  ) {
    this.#vocabularySize = vocabularySize;
    this.#maxNodes = maxNodes;
    this.#memory = memory;
    this.#guaranteed = guaranteed;
    this.rows = new DistributionTable(vocabularySize, 0);
    this.#edges = new Uint32Array();
    this.#likelihoods = new Float32Array();
    this.#used = new Uint32Array();
    this.stateSlots = new Int32Array();
    this.#slots = slotsFor(0);
  }

  /** The number of nodes that fit in `bytes`. */
  static nodesIn(bytes: number, vocabularySize: number): number {
    return Math.min(Math.floor(bytes / PrefixNodes.bytesPerNode(vocabularySize)), NO_PARENT);
  }

  /** Bytes of a node: its distribution, its slots of the hash table, and four numbers of four bytes. */
  static bytesPerNode(vocabularySize: number): number {
    return DistributionTable.bytesPerRow(vocabularySize) + 4 * SLOTS_PER_NODE + 16;
  }

  get count(): number {
    return this.#end - this.#free.length;
  }

  /** The nodes that can be added without growing or purging. */
  get vacant(): number {
    return this.rows.room - this.count;
  }

  /** When it is now, for {@link chooseKept}. */
  get now(): number {
    return this.#now;
  }

  /** Lets time pass. What is found from now on stays longer than what was found before. */
  tick(): void {
    this.#now++;
  }

  /**
   * The row of a node, or {@link UNKNOWN}. This counts as a use.
   *
   * @param parent The row of its parent; {@link NO_PARENT}: it is the root.
   */
  find(parent: number, token: number): number {
    const edge = edgeOf(parent, token);
    const slots = this.#slots;
    let slot = this.#slotOf(edge);
    while (true) {
      const row = slots[slot];
      if (row === UNKNOWN) return UNKNOWN;
      if (this.#edges[row] === edge) {
        this.#used[row] = this.#now;
        return row;
      }
      if (++slot === slots.length) slot = 0;
    }
  }

  /**
   * Adds a node that is not there. There must be room.
   *
   * @param logProbs [count, vocabularySize]
   * @param index The node's row in `logProbs`.
   * @returns Its row.
   * @throws {RangeError} If the log-probabilities are not those of a distribution. Nothing is added.
   */
  add(parent: number, token: number, logProbs: Float32Array, index: number): number {
    const row = this.#free.at(-1) ?? this.#end;
    this.rows.set(row, logProbs, index * this.#vocabularySize); // throws before anything is added
    if (this.#free.pop() === undefined) this.#end++;
    this.#edges[row] = edgeOf(parent, token);
    this.#likelihoods[row] = parent === NO_PARENT
      ? 0
      : this.#likelihoods[parent] + this.rows.logProb(this.rows.cell(parent, token));
    this.#used[row] = this.#now;
    this.stateSlots[row] = NO_STATE;
    this.#insert(row);
    return row;
  }

  /** The log-probability of the beginning of a node. */
  likelihood(row: number): number {
    return this.#likelihoods[row];
  }

  /**
   * Whether there is room for some more nodes. It grows if it may.
   */
  hasRoomFor(nodes: number): boolean {
    while (this.vacant < nodes) if (!this.#grow()) return false;
    return true;
  }

  /**
   * Removes nodes until there is room for some. Cursors have to seek again.
   *
   * @param nodes At most a quarter of those that there is room for.
   * @param onRemoved Called with the row of each node that is removed.
   */
  purge(nodes: number, onRemoved: (row: number) => void): void {
    this.epoch++;
    this.isFull = true;
    this.#useAncestors();
    const { room } = this.rows;
    const budget = room - Math.max(nodes, Math.floor(PURGED_SHARE * room));
    const kept = chooseKept(this.#likelihoods.subarray(0, this.#end), this.#used, this.#now, budget);
    this.#dropOrphans(kept);
    this.#slots.fill(UNKNOWN);
    this.#free = [];
    for (let row = this.#end - 1; row >= 0; row--) {
      if (kept[row] !== 0) {
        this.#insert(row);
      } else {
        if (!Number.isNaN(this.#likelihoods[row])) onRemoved(row);
        this.#likelihoods[row] = NaN;
        this.#free.push(row);
      }
    }
  }

  clear(): void {
    this.epoch++;
    this.rows = new DistributionTable(this.#vocabularySize, 0);
    this.#edges = new Uint32Array();
    this.#likelihoods = new Float32Array();
    this.#used = new Uint32Array();
    this.stateSlots = new Int32Array();
    this.#slots = slotsFor(0);
    this.#end = 0;
    this.#free = [];
    this.#reserved = 0;
    this.isFull = false;
  }

  /** Counts the last use of each node as one of its ancestors as well: it cannot stay without them. */
  #useAncestors(): void {
    const edges = this.#edges;
    const used = this.#used;
    for (let start = 0; start < this.#end; start++) {
      if (Number.isNaN(this.#likelihoods[start])) continue;
      let row = start;
      let parent = edges[row] >>> TOKEN_BITS;
      while (parent !== NO_PARENT && used[parent] < used[row]) {
        used[parent] = used[row];
        row = parent;
        parent = edges[row] >>> TOKEN_BITS;
      }
    }
  }

  /** Unmarks nodes without a parent that is marked. */
  #dropOrphans(kept: Uint8Array): void {
    const edges = this.#edges;
    /** What marks become when all ancestors are marked as well. */
    const SAFE = 2;
    const line: number[] = [];
    for (let start = 0; start < kept.length; start++) {
      let row = start;
      while (row !== NO_PARENT && kept[row] === 1) {
        line.push(row);
        row = edges[row] >>> TOKEN_BITS;
      }
      const mark = row === NO_PARENT || kept[row] === SAFE ? SAFE : 0;
      while (line.length > 0) kept[line.pop()!] = mark;
    }
  }

  /** Doubles the capacity, if there is memory. */
  #grow(): boolean {
    const { room } = this.rows;
    const next = Math.min(Math.max(2 * room, FIRST_NODES), this.#maxNodes);
    if (next === room || !this.#takeMemory(next)) return false;
    this.rows.grow(next);
    this.#edges = grown(this.#edges, new Uint32Array(next));
    this.#likelihoods = grown(this.#likelihoods, new Float32Array(next));
    this.#used = grown(this.#used, new Uint32Array(next));
    this.stateSlots = grown(this.stateSlots, new Int32Array(next));
    this.#slots = slotsFor(next);
    for (let row = 0; row < this.#end; row++) {
      if (!Number.isNaN(this.#likelihoods[row])) this.#insert(row);
    }
    return true;
  }

  /** Takes memory for a number of nodes, if there is as much. */
  #takeMemory(nodes: number): boolean {
    if (this.#memory === null || nodes <= this.#reserved) return true;
    const bytes = Math.ceil((nodes - this.#reserved) * PrefixNodes.bytesPerNode(this.#vocabularySize));
    if (!this.#memory.reserve(bytes, nodes <= this.#guaranteed)) return false;
    this.#reserved = nodes;
    return true;
  }

  #insert(row: number): void {
    const slots = this.#slots;
    let slot = this.#slotOf(this.#edges[row]);
    while (slots[slot] !== UNKNOWN) if (++slot === slots.length) slot = 0;
    slots[slot] = row;
  }

  /** The first slot for an edge. */
  #slotOf(edge: number): number {
    return Math.floor(((Math.imul(edge, HASH_FACTOR) >>> 0) * this.#slots.length) / 2 ** 32);
  }
}

/** An edge as a number of 32 bits. */
export function edgeOf(parent: number, token: number): number {
  return ((parent << TOKEN_BITS) | (token & TOKEN_MASK)) >>> 0;
}

function slotsFor(nodes: number): Int32Array {
  return new Int32Array(Math.floor(SLOTS_PER_NODE * nodes) + 1).fill(UNKNOWN);
}
