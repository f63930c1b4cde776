import { takeTurn } from "./event_loop.ts";

/** Longest that a piece of work is meant to hold the event loop, in milliseconds: the bound is 50, on slower machines too. */
export const SLICE = 10;

/** A request would cost more than one request may. */
export class WorkLimitError extends RangeError {
  override name = "WorkLimitError";
}

/**
 * What one request has cost so far. It bounds the whole, in positions that a model had to compute because they were not
 * in the cache, and says when to let others run.
 *
 * Effort is estimated, not timed: on Cloudflare the clock stands still while a request is answered.
 */
export class Work {
  readonly #maxPositions: number;
  readonly #maxDescribed: number;
  #positions = 0;
  #described = 0;
  #milliseconds = 0;

  /**
   * @param maxPositions How many positions may be computed. Default: any number.
   * @param maxDescribed How many positions the answer may describe one by one. Default: any number.
   */
  constructor(maxPositions = Infinity, maxDescribed = Infinity) {
    this.#maxPositions = maxPositions;
    this.#maxDescribed = maxDescribed;
  }

  /**
   * Counts a position that is not in the cache.
   *
   * @throws {WorkLimitError} If it is one too many.
   */
  addPosition(): void {
    if (++this.#positions <= this.#maxPositions) return;
    throw new WorkLimitError(
      `A request may need at most ${this.#maxPositions} positions that are not in the cache`,
    );
  }

  /**
   * Counts positions that the answer describes one by one.
   *
   * @throws {WorkLimitError} If they are too many.
   */
  addDescribed(positions: number): void {
    this.#described += positions;
    if (this.#described <= this.#maxDescribed) return;
    throw new WorkLimitError(`An answer may describe at most ${this.#maxDescribed} positions one by one`);
  }

  /** Counts effort, in milliseconds. */
  addEffort(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }

  /** How much more effort there is room for before a pause, in milliseconds. */
  get left(): number {
    return SLICE - this.#milliseconds;
  }

  /** A pause if one is due: resolves in another turn of the event loop. Undefined if there is no need to wait. */
  pause(): Promise<void> | undefined {
    if (this.#milliseconds < SLICE) return undefined;
    this.#milliseconds = 0;
    return takeTurn();
  }
}
