import { takeTurn } from "./event_loop.ts";

/**
 * The longest that a request should hold the event loop at a time, in estimated milliseconds. The requirement is 50 ms;
 * the rest is a margin for slower machines.
 */
export const SLICE = 10;

/** A request needs more work than one request may. */
export class WorkLimitError extends RangeError {
  override name = "WorkLimitError";
}

/**
 * Counts the work of one request. It limits the total, in positions that the model has to compute because they are not
 * in the cache, and says when the request should pause for other requests.
 *
 * Effort is an estimate, not a measurement, because Cloudflare's clock stands still while a request is computed.
 */
export class Work {
  readonly #maxPositions: number;
  readonly #maxDescribed: number;
  #positions = 0;
  #described = 0;
  #milliseconds = 0;

  /**
   * @param maxPositions The maximum number of positions to compute. Default: no limit.
   * @param maxDescribed The maximum number of positions that the answer describes one by one. Default: no limit.
   */
  constructor(maxPositions = Infinity, maxDescribed = Infinity) {
    this.#maxPositions = maxPositions;
    this.#maxDescribed = maxDescribed;
  }

  /**
   * Counts a position that is not in the cache.
   *
   * @throws {WorkLimitError} If it exceeds the maximum.
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
   * @throws {WorkLimitError} If they exceed the maximum.
   */
  addDescribed(positions: number): void {
    this.#described += positions;
    if (this.#described <= this.#maxDescribed) return;
    throw new WorkLimitError(`An answer may describe at most ${this.#maxDescribed} positions one by one`);
  }

  /** Counts effort, in estimated milliseconds. */
  addEffort(milliseconds: number): void {
    this.#milliseconds += milliseconds;
  }

  /** The effort left before the next pause, in estimated milliseconds. */
  get left(): number {
    return SLICE - this.#milliseconds;
  }

  /** If a pause is due, a promise that resolves in a later turn of the event loop; otherwise undefined. */
  pause(): Promise<void> | undefined {
    if (this.#milliseconds < SLICE) return undefined;
    this.#milliseconds = 0;
    return takeTurn();
  }
}
