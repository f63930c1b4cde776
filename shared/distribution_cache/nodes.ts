import type { CacheMemory } from "./cache_memory.ts";
import { KeyTable, UNKNOWN } from "./key_table.ts";
import { TransitionTable } from "./transition_table.ts";
import type { Nodes } from "./tree.ts";

/** Initial capacity. The tables grow by doubling. */
const FIRST_NODES = 256;

/**
 * The nodes of a tree of windows in bounded memory. Each has a key and the distribution of its next token.
 *
 * There are two generations. New nodes are young: they are rows of {@link rows}, ready to be drawn from. When the young generation
 * is full, it becomes the old one, which keeps only log-probabilities, and the previous old one is dropped. A look-up copies an old
 * node into the young generation. So nodes that are used often stay.
 *
 * A row is valid as long as {@link epoch} does not change.
 */
export class NodeStore implements Nodes {
  /** The distributions of the young nodes. */
  rows: TransitionTable;
  /** Increases whenever rows are reassigned to other nodes. */
  epoch = 0;
  readonly #width: number;
  readonly #vocabularySize: number;
  readonly #maxNodes: number;
  /** The memory that the nodes share with others; null if it is theirs alone. */
  readonly #memory: CacheMemory | null;
  /** The nodes of a generation that there is memory for in any case. */
  readonly #guaranteed: number;
  /** The nodes of a generation that memory was taken for. */
  #reserved = 0;
  #young: KeyTable;
  /** The keys and log-probabilities [maxNodes, vocabularySize] of the old nodes; null before there are any. */
  #old: KeyTable | null = null;
  #oldLogProbs = new Float32Array();
  /** [vocabularySize]: scratch memory for a node that is copied from old to young. */
  readonly #moving: Float32Array;

  /**
   * @param width The tokens in a key.
   * @param maxNodes The most nodes in a generation, at least 1.
   * @param memory Memory that is shared with others. A generation is smaller where there is none left.
   * @param guaranteed The fewest nodes in a full generation then.
   */
  constructor(
    width: number,
    vocabularySize: number,
    maxNodes: number,
    memory: CacheMemory | null = null,
    guaranteed = maxNodes,
  ) {
    this.#width = width;
    this.#vocabularySize = vocabularySize;
    this.#maxNodes = maxNodes;
    this.#memory = memory;
    this.#guaranteed = guaranteed;
    const room = Math.min(FIRST_NODES, maxNodes);
    this.rows = new TransitionTable(vocabularySize, room);
    this.#young = new KeyTable(width, room);
    this.#moving = new Float32Array(vocabularySize);
  }

  /** The number of nodes for each generation that fits in `bytes` for both. */
  static nodesIn(bytes: number, width: number, vocabularySize: number): number {
    return Math.max(1, Math.floor(bytes / NodeStore.#bytesPerNode(width, vocabularySize)));
  }

  /** Bytes of a node of each generation. */
  static #bytesPerNode(width: number, vocabularySize: number): number {
    return TransitionTable.bytesPerRow(vocabularySize) +
      Float32Array.BYTES_PER_ELEMENT * vocabularySize +
      2 * KeyTable.bytesPerKey(width);
  }

  /** The number of nodes. */
  get count(): number {
    return this.#young.count + (this.#old?.count ?? 0);
  }

  /**
   * The row of a node, or {@link UNKNOWN}.
   *
   * @param key An array whose elements from `offset` on are the node's key.
   */
  find(key: ArrayLike<number>, offset: number): number {
    const row = this.#young.find(key, offset);
    if (row !== UNKNOWN || this.#old === null) return row;
    const oldRow = this.#old.find(key, offset);
    if (oldRow === UNKNOWN) return UNKNOWN;
    const start = oldRow * this.#vocabularySize;
    this.#moving.set(this.#oldLogProbs.subarray(start, start + this.#vocabularySize));
    return this.#add(key, offset, this.#moving, 0);
  }

  /**
   * Adds a node.
   *
   * @param key An array whose elements from `offset` on are the key. There must be no node with this key.
   * @param logProbs [count, vocabularySize]
   * @param index The node's row in `logProbs`.
   * @returns Its row.
   * @throws {RangeError} If the log-probabilities are not those of a distribution. Nothing is added.
   */
  add(key: ArrayLike<number>, offset: number, logProbs: Float32Array, index: number): number {
    return this.#add(key, offset, logProbs, index * this.#vocabularySize);
  }

  /**
   * Increases the capacity for young nodes.
   *
   * @returns Whether there is memory for as many.
   */
  reserve(nodes: number): boolean {
    if (nodes <= this.rows.room) return true;
    if (!this.#takeMemory(nodes)) return false;
    this.rows.grow(nodes);
    this.#young.reserve(nodes);
    return true;
  }

  /** Removes all nodes, and frees their memory. */
  clear(): void {
    this.epoch++;
    this.rows = new TransitionTable(this.#vocabularySize, 1);
    this.#young = new KeyTable(this.#width, 1);
    this.#old = null;
    this.#oldLogProbs = new Float32Array();
    this.#reserved = 0;
  }

  #add(key: ArrayLike<number>, offset: number, logProbs: Float32Array, start: number): number {
    const { room } = this.rows;
    if (
      this.#young.count === room &&
      !(room < this.#maxNodes && this.reserve(Math.min(2 * room, this.#maxNodes)))
    ) {
      this.#age();
    }
    const row = this.#young.count;
    this.rows.set(row, logProbs, start); // throws before anything is added
    this.#young.add(key, offset);
    return row;
  }

  /** Makes the young generation the old one. The memory of the dropped one is reused for the new young one. */
  #age(): void {
    this.epoch++;
    const { room } = this.rows;
    const dropped = this.#old ?? new KeyTable(this.#width, room);
    const numbers = room * this.#vocabularySize;
    if (this.#oldLogProbs.length < numbers) this.#oldLogProbs = new Float32Array(numbers);
    for (let row = 0; row < room; row++) {
      this.rows.copyLogProbs(row, this.#oldLogProbs, row * this.#vocabularySize);
    }
    this.#old = this.#young;
    dropped.clear();
    this.#young = dropped;
  }

  /** Takes memory for a number of nodes in each generation, if there is as much. */
  #takeMemory(nodes: number): boolean {
    if (this.#memory === null || nodes <= this.#reserved) return true;
    const bytes = (nodes - this.#reserved) * NodeStore.#bytesPerNode(this.#width, this.#vocabularySize);
    if (!this.#memory.reserve(bytes, nodes <= this.#guaranteed)) return false;
    this.#reserved = nodes;
    return true;
  }
}
