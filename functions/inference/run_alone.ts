import { deferred } from "../../shared/deferred.ts";

/** Settles after the run that is on. */
let running: Promise<void> | null = null;

/**
 * Runs a session when no other session runs.
 *
 * ONNX Runtime Web puts the arguments of a run on the stack of its WebAssembly, awaits several promises, and then takes them from
 * there. Two runs at a time would write over each other's arguments, also where they are runs of different sessions.
 */
export async function runAlone<Output>(run: () => Promise<Output>): Promise<Output> {
  while (running !== null) await running;
  const { promise, resolve } = deferred<void>();
  running = promise;
  try {
    return await run();
  } finally {
    running = null;
    resolve();
  }
}
