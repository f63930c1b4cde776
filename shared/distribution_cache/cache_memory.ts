/** The memory that a cache shares with others. */
export interface CacheMemory {
  /**
   * Takes memory.
   *
   * @param forced Whether it is needed in any case. Otherwise the cache can do with what it has.
   * @returns Whether there was as much; always if it was forced.
   */
  reserve(bytes: number, forced: boolean): boolean;
  /** Gives all of it back. */
  release(): void;
}
