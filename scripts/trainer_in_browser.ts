import type { Plugin } from "esbuild";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const COMPILER = fileURLToPath(new URL("../trainer/backends/fused/compile.ts", import.meta.url));
const DOWNLOAD = fileURLToPath(new URL("../page/train/kernel.ts", import.meta.url));

/**
 * Bundles the trainer for the page: without TensorFlow.js, and with a kernel that is downloaded, not compiled from
 * AssemblyScript. What would call TensorFlow.js is never called there: all that the page trains has a plan of its step, or is
 * counted.
 */
export const trainerInBrowser: Plugin = {
  name: "trainer in a browser",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@tensorflow\/tfjs$/ }, ({ path }) => ({ path, namespace: "left out" }));
    onLoad({ filter: /.*/, namespace: "left out" }, () => ({ contents: "module.exports = {};" }));
    onResolve({ filter: /\/compile\.ts$/ }, ({ path, resolveDir }) => {
      return join(resolveDir, path) === COMPILER ? { path: DOWNLOAD } : undefined;
    });
  },
};
