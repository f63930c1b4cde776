import { describe } from "vitest";
import { CHROMIUM_PATH } from "./chromium.ts";

export { startBrowser } from "./chromium.ts";

/** Declares tests that need Chromium. Without one, it prints a warning and skips them. */
export function describeWithBrowser(title: string, tests: () => void): void {
  if (CHROMIUM_PATH) return void describe(title, tests);
  console.warn(`SKIPPED: ${title}. Set CHROMIUM_PATH to the path of Chromium or Chrome to run it.`);
  describe.skip(title, tests);
}
