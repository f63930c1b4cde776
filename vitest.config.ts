import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } }, // the same as in deno.json's compilerOptions
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A test without an assertion fails.
    expect: { requireAssertions: true },
  },
});
