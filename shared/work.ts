import { takeTurn } from "./event_loop.ts";

/** How long a task should hold the event loop at most, in milliseconds; 50 must not be exceeded even on slow machines. */
export const SLICE = 10;

/** A request needs more work than a request may. */
export class WorkLimitError extends RangeError {
  override name = "WorkLimitError";
}

/**
 * Counts the work of one request. It limits the total, in positions that the model has to compute because they are not in the
 * cache, and tells when to yield to other requests.
 *
 * Effort is estimated, not timed, since on Cloudflare the clock stands still during a request.
 */
export class Work {
  readonly #maxPositions: number;
  readonly #maxDescribed: number;
  #positions = 0;
  #described = 0;
  #milliseconds = 0;

  /**
   * @param maxPositions The most positions that may be computed. Default: no limit.
   * @param maxDescribed The most positions that the response may describe one by one. Default: no limit.
   */
  constructor(maxPositions = Infinity, maxDescribed = Infinity) {
    this.#maxPositions = maxPositions;
    this.#maxDescribed = maxDescribed;
  }

  /**
   * Counts a position that is not in the cache.
   *
   * @throws {WorkLimitError} If that exceeds the limit.
   */
  addPosition(): void {
    if (++this.#positions <= this.#maxPositions) return;
    throw new WorkLimitError(
      `A request may need at most ${this.#maxPositions} positions that are not in the cache`,
    );
  }

  /**
   * Counts positions that the response describes one by one.
   *
   * @throws {WorkLimitError} If that exceeds the limit.
   */
  addDescribed(positions: number): void {
    this.#described += positions;
    if (this.#described <= this.#maxDescribed) return;
    throw new WorkLimitError(`An answer may describe at most ${this.#maxDescribed} positions one by one`);
  }

  /** Adds estimated effort, in milliseconds. */
  addEffort(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }

  /** The effort that is left before a pause is due, in milliseconds. */
  get left(): number {
    return SLICE - this.#milliseconds;
  }

  /** Yields to the event loop if a pause is due; undefined if not, so that the caller need not await. */
  pause(): Promise<void> | undefined {
    if (this.#milliseconds < SLICE) return undefined;
    this.#milliseconds = 0;
    return takeTurn();
  }
}
