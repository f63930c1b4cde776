import type { CacheMemory } from "../../shared/distribution_cache/cache_memory.ts";

/**
 * How long a model must not have been used before its cache is emptied in favour of that of another one, or before it is closed
 * because a new version has replaced it, in milliseconds.
 */
const IDLE = 10_000;

/**
 * The memory of all open models together, by estimate: their weights, lists and caches. If a model needs more than is left, it
 * is taken from those that were used least recently.
 */
export class ModelMemory {
  readonly #bytes: number;
  readonly #now: () => number;
  readonly #open = new Set<ModelShare>();
  /** The bytes that open models hold. */
  #used = 0;
  #uses = 0;

  /**
   * @param bytes The most bytes. Default: no limit.
   * @param now Returns the time in milliseconds.
   */
  constructor(bytes = Infinity, now: () => number = Date.now) {
    this.#bytes = bytes;
    this.#now = now;
  }

  /** The bytes that open models hold. */
  get used(): number {
    return this.#used;
  }

  /**
   * Makes the share of a model that is about to be opened.
   *
   * @param bytes What the model takes without its cache.
   * @throws {Error} If that is more than there is.
   */
  share(bytes: number): ModelShare {
    if (bytes > this.#bytes) {
      throw new Error(
        `it takes about ${megabytes(bytes)} MB, and all models together may take ${
          megabytes(this.#bytes)
        } MB`,
      );
    }
    const share: ModelShare = new ModelShare(bytes, {
      open: () => void this.#open.add(share),
      use: () => {
        share.lastUse = ++this.#uses;
        share.usedAt = this.#now();
      },
      take: (bytes, forced) => {
        const enough = this.#makeRoom(bytes, share, forced);
        if (!enough && !forced) return false;
        this.#used += bytes;
        return true;
      },
      give: (bytes) => void (this.#used -= bytes),
      close: () => void this.#open.delete(share),
    });
    share.open();
    return share;
  }

  /** Closes the models that new versions have replaced, unless a request still uses them. */
  closeRetired(): void {
    for (const share of this.#open) if (share.retired && this.#isIdle(share)) share.close();
  }

  /**
   * Takes memory from other models until there are so many bytes, from the least recently used one first: its cache, and if that is
   * not enough and the bytes are needed in any case, all that it has.
   *
   * @returns Whether there are as many.
   */
  #makeRoom(bytes: number, taker: ModelShare, forced: boolean): boolean {
    const isEnough = () => this.#used + bytes <= this.#bytes;
    if (isEnough()) return true;
    const others = [...this.#open].filter((share) => share !== taker && (forced || this.#isIdle(share)));
    for (const share of others.sort((a, b) => a.lastUse - b.lastUse)) {
      share.onTrim();
      if (forced && !isEnough()) share.close();
      if (isEnough()) return true;
    }
    return false;
  }

  #isIdle({ usedAt }: ModelShare): boolean {
    return this.#now() - usedAt >= IDLE;
  }
}

/** What a share does with the memory that it is a part of. */
interface Whole {
  open(): void;
  use(): void;
  take(bytes: number, forced: boolean): boolean;
  give(bytes: number): void;
  close(): void;
}

/** The part of the memory that one model has. */
export class ModelShare implements CacheMemory {
  /** Rises with each use of any model. */
  lastUse = 0;
  /** When that was, in milliseconds. */
  usedAt = 0;
  /** Whether a new version has replaced the model. */
  retired = false;
  /** Empties the cache of the model, which must give back its memory. */
  onTrim: () => void = () => {};
  /** Closes the model, which must give back its memory. It may be opened again later. */
  onClose: () => void = () => {};
  /** Called after that. */
  onClosed: () => void = () => {};
  readonly #whole: Whole;
  /** What the model takes without its cache. */
  readonly #fixed: number;
  #isOpen = false;
  /** What its cache takes. */
  #cache = 0;

  constructor(fixed: number, whole: Whole) {
    this.#fixed = fixed;
    this.#whole = whole;
  }

  /** Takes the memory of the model, if it does not have it. This counts as a use. */
  open(): void {
    this.#whole.use();
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#whole.open();
    this.#whole.take(this.#fixed, true);
  }

  /** Counts a use: models that were used recently are closed last. */
  use(): void {
    this.#whole.use();
  }

  reserve(bytes: number, forced: boolean): boolean {
    if (!this.#isOpen) this.open(); // it was closed during a step
    if (!this.#whole.take(bytes, forced)) return false;
    this.#cache += bytes;
    return true;
  }

  release(): void {
    this.#whole.give(this.#cache);
    this.#cache = 0;
  }

  /** Closes the model. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#whole.close();
    this.#whole.give(this.#fixed);
    this.onClose();
    this.onClosed();
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
}
