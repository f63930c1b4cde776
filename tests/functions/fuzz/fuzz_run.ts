import fc from "fast-check";
import process from "node:process";

/** Most characters of a failing request that are shown. */
const MAX_SHOWN = 4000;

/** How many requests are made: `FUZZ_REQUESTS`, or 10,000 in `deno task fuzz` and 1,000 among the tests. */
export const FUZZ_REQUESTS = Number(process.env.FUZZ_REQUESTS || (process.env.FUZZ ? "10000" : "1000"));

/** The run that `FUZZ_SEED` and `FUZZ_PATH` ask for again; a new one where they are not set. */
export function replayOptions(): { seed?: number; path?: string } {
  const { FUZZ_SEED, FUZZ_PATH } = process.env;
  return { ...(FUZZ_SEED && { seed: Number(FUZZ_SEED) }), ...(FUZZ_PATH && { path: FUZZ_PATH }) };
}

/** A request or several in words; very long ones are cut. */
export function showRequest(request: unknown): string {
  const text = fc.stringify(request);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/**
 * What failed, and how to ask it again.
 *
 * @param test A part of the test's name that no other test of the fuzz has.
 */
export function showFailure<Values>(
  { seed, counterexample, counterexamplePath, errorInstance, numRuns }: fc.RunDetails<Values>,
  test: string,
): string {
  const replay = `FUZZ_SEED=${seed} FUZZ_PATH=${counterexamplePath} deno task fuzz -t "${test}"`;
  return `run ${numRuns} failed: ${errorInstance}\n${
    showRequest(counterexample)
  }\nTo ask it again: ${replay}`;
}
