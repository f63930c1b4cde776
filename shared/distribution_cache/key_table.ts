/** No such key, or no such node. */
export const UNKNOWN = -1;

/** Keys of `width` token ids in insertion order, with an open-addressing hash table to find them. */
export class KeyTable {
  /** The number of keys. */
  count = 0;
  readonly #width: number;
  /** [capacity, width] */
  #keys: Uint16Array<ArrayBuffer>;
  /** A power of two of slots, at most half of them in use: the index of a key, or {@link UNKNOWN}. */
  #slots: Int32Array;

  /** @param capacity Initial capacity in keys. */
  constructor(width: number, capacity: number) {
    this.#width = width;
    this.#keys = new Uint16Array(capacity * width);
    this.#slots = new Int32Array(slotsFor(capacity)).fill(UNKNOWN);
  }

  /** The most bytes of a key: its numbers and four slots. */
  static bytesPerKey(width: number): number {
    return Uint16Array.BYTES_PER_ELEMENT * width + 16;
  }

  /**
   * The index of a key, or {@link UNKNOWN}.
   *
   * @param numbers An array whose `width` elements from `offset` on are the key.
   */
  find(numbers: ArrayLike<number>, offset: number): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(numbers, offset) & mask;
    while (true) {
      const found = this.#slots[slot];
      if (found === UNKNOWN || this.#equals(found, numbers, offset)) return found;
      slot = (slot + 1) & mask;
    }
  }

  /** Adds a new key, and returns its index. */
  add(numbers: ArrayLike<number>, offset: number): number {
    const width = this.#width;
    if ((this.count + 1) * width > this.#keys.length) this.reserve(2 * this.count + 1);
    const added = this.count++;
    for (let i = 0; i < width; i++) this.#keys[added * width + i] = numbers[offset + i];
    this.#insert(added);
    return added;
  }

  /** Increases the capacity. */
  reserve(capacity: number): void {
    const keys = this.#keys;
    this.#keys = new Uint16Array(capacity * this.#width);
    this.#keys.set(keys);
    this.#slots = new Int32Array(slotsFor(capacity)).fill(UNKNOWN);
    for (let index = 0; index < this.count; index++) this.#insert(index);
  }

  /** Removes all keys, and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.#slots.fill(UNKNOWN);
  }

  /** All keys, [count, width]. */
  toArray(): Int32Array<ArrayBuffer> {
    return Int32Array.from(this.#keys.subarray(0, this.count * this.#width));
  }

  #insert(index: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hash(this.#keys, index * this.#width) & mask;
    while (this.#slots[slot] !== UNKNOWN) slot = (slot + 1) & mask;
    this.#slots[slot] = index;
  }

  #equals(index: number, numbers: ArrayLike<number>, offset: number): boolean {
    const width = this.#width;
    for (let i = 0; i < width; i++) {
      if (this.#keys[index * width + i] !== numbers[offset + i]) return false;
    }
    return true;
  }

  /** FNV-1a over the numbers modulo 2^32, with the high bits folded into the low ones, which select the slot. */
  #hash(numbers: ArrayLike<number>, offset: number): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < this.#width; i++) hash = Math.imul(hash ^ numbers[offset + i], 0x01000193);
    return hash ^ (hash >>> 15);
  }
}

function slotsFor(capacity: number): number {
  return 2 ** Math.ceil(Math.log2(2 * Math.max(capacity, 1)));
}
