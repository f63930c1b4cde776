import { describe } from "vitest";
import { env } from "node:process";

/** The path of the notebooks' list, makemore's names.txt, or undefined if EDGEMORE_NAMES is not set. */
export const NOTEBOOK_NAMES = env.EDGEMORE_NAMES;

/** Declares tests that need the notebooks' list. Without it, it prints a warning and skips them. */
export function describeWithNames(title: string, tests: (path: string) => void): void {
  if (NOTEBOOK_NAMES) return void describe(title, () => tests(NOTEBOOK_NAMES));
  console.warn(`SKIPPED: ${title}. Set EDGEMORE_NAMES to the path of makemore's names.txt to run it.`);
  describe.skip(title, () => tests(""));
}
