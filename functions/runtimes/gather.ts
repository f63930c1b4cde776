import { setImmediate } from "node:timers";

/**
 * Waits until Deno or Node has handed over the requests that it has received.
 *
 * Unlike in `takeTurn`, an immediate does not keep Deno from polling for requests: each is for a request that it has polled for.
 */
export function gather(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
