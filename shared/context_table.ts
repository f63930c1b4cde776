/** No such context. */
export const UNKNOWN = -1;

/** Contexts in the order in which they were added, each found by its tokens through an open-addressed hash table. */
export class ContextTable {
  /** How many there are. */
  count = 0;
  readonly #contextLength: number;
  /** [capacity, contextLength] */
  #contexts: Uint16Array;
  /** A power of two of them, at most half full: the context in each place, or {@link UNKNOWN}. */
  #places: Int32Array;

  /** @param capacity How many contexts there is room for before it grows. */
  constructor(contextLength: number, capacity: number) {
    this.#contextLength = contextLength;
    this.#contexts = new Uint16Array(capacity * contextLength);
    this.#places = new Int32Array(placesFor(capacity)).fill(UNKNOWN);
  }

  /** What a context takes at most: its tokens, and up to four places. */
  static bytesPerContext(contextLength: number): number {
    return 2 * contextLength + 16;
  }

  /**
   * Which context it is, or {@link UNKNOWN}.
   *
   * @param tokens An array whose `contextLength` elements from `offset` on are the context.
   */
  find(tokens: ArrayLike<number>, offset: number): number {
    const mask = this.#places.length - 1;
    let place = this.#hash(tokens, offset) & mask;
    while (true) {
      const found = this.#places[place];
      if (found === UNKNOWN || this.#is(found, tokens, offset)) return found;
      place = (place + 1) & mask;
    }
  }

  /** Adds a context that is not there yet, and tells which it is. */
  add(tokens: ArrayLike<number>, offset: number): number {
    const n = this.#contextLength;
    if ((this.count + 1) * n > this.#contexts.length) this.grow(2 * this.count + 1);
    const added = this.count++;
    for (let i = 0; i < n; i++) this.#contexts[added * n + i] = tokens[offset + i];
    this.#place(added);
    return added;
  }

  /** Makes room for more. */
  grow(capacity: number): void {
    const contexts = this.#contexts;
    this.#contexts = new Uint16Array(capacity * this.#contextLength);
    this.#contexts.set(contexts);
    this.#places = new Int32Array(placesFor(capacity)).fill(UNKNOWN);
    for (let context = 0; context < this.count; context++) this.#place(context);
  }

  /** Forgets all of them, and keeps the room. */
  clear(): void {
    this.count = 0;
    this.#places.fill(UNKNOWN);
  }

  /** All of them, [count, contextLength]. */
  contexts(): Int32Array<ArrayBuffer> {
    return Int32Array.from(this.#contexts.subarray(0, this.count * this.#contextLength));
  }

  #place(context: number): void {
    const mask = this.#places.length - 1;
    let place = this.#hash(this.#contexts, context * this.#contextLength) & mask;
    while (this.#places[place] !== UNKNOWN) place = (place + 1) & mask;
    this.#places[place] = context;
  }

  #is(context: number, tokens: ArrayLike<number>, offset: number): boolean {
    const n = this.#contextLength;
    for (let i = 0; i < n; i++) {
      if (this.#contexts[context * n + i] !== tokens[offset + i]) return false;
    }
    return true;
  }

  /** FNV-1a over the tokens, with the high bits folded into the low ones that the table uses. */
  #hash(tokens: ArrayLike<number>, offset: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.#contextLength; i++) hash = Math.imul(hash ^ tokens[offset + i], 0x01000193);
    return hash ^ (hash >>> 15);
  }
}

function placesFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(2 * Math.max(capacity, 1)));
}
