import { defineConfig } from "vitest/config";

/** Tests that attack a server, of which some measure how long it takes to answer others. */
const ATTACKS = ["tests/attacks/**/*.test.ts", "tests/functions/fuzz.test.ts"];
/** Tests of parts, with few servers and no browser. */
const PARTS = "tests/{bench,functions,scripts,shared,trainer}/**/*.test.ts";

/** A browser and servers on a busy machine may race once in hundreds of runs; the report says what was tried again. */
const RETRIES = 1;

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } }, // the same as in deno.json's compilerOptions
  test: {
    globalSetup: "tests/test_run.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A test without an assertion fails.
    expect: { requireAssertions: true },
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: [PARTS],
          exclude: ATTACKS,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "servers",
          include: ["tests/**/*.test.ts"],
          exclude: [PARTS, ...ATTACKS],
          maxWorkers: 2,
          retry: RETRIES,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "attacks",
          include: ATTACKS,
          maxWorkers: 1,
          retry: RETRIES,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
