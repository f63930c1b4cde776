import { deferred } from "../../shared/deferred.ts";

/** A running timeout. */
export interface Timeout {
  /** Resolves when the time has passed. */
  over: Promise<void>;
  passed: boolean;
  /** Stops the timer; `over` then stays pending. */
  clear(): void;
}

/**
 * Starts a timer.
 *
 * @param milliseconds Its duration.
 */
export function startTimeout(milliseconds: number): Timeout {
  const { promise: over, resolve } = deferred<void>();
  const timer = setTimeout(() => {
    timeout.passed = true;
    resolve();
  }, milliseconds);
  const timeout: Timeout = { over, passed: false, clear: () => clearTimeout(timer) };
  return timeout;
}
