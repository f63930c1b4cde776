import process from "node:process";

/** A terminal, `deno task` and npx may each send a signal for one Ctrl-C. Later ones within this time, in milliseconds, are those. */
const SAME_PRESS = 1000;
/** Exit code after SIGINT, as in shells. */
export const INTERRUPTED = 130;

/** Ctrl-C has ended something that has no result then. */
export class InterruptedError extends Error {
  override name = "InterruptedError";
}

/**
 * Runs something that Ctrl-C (or SIGTERM) stops gracefully. A second Ctrl-C ends the process at once.
 *
 * @param run Is given the signal that aborts at the first Ctrl-C; its reason is an {@link InterruptedError}.
 */
export async function stoppable<Result>(run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  let stoppedAt: number | undefined;
  const onSignal = () => {
    if (stoppedAt === undefined) {
      stoppedAt = performance.now();
      stop.abort(new InterruptedError("Interrupted"));
      if (process.stderr.isTTY) console.error("\nStopping; Ctrl-C again ends at once, and writes nothing.");
    } else if (performance.now() - stoppedAt > SAME_PRESS) {
      process.exit(INTERRUPTED);
    }
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await run(stop.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
