import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } }, // as compilerOptions in deno.json
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A test that asserts nothing fails.
    expect: { requireAssertions: true },
  },
});
