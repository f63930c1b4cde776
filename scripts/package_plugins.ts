import type { Plugin } from "esbuild";
import { join } from "node:path";
import { fusedWasm } from "../trainer/backends/fused/compile.ts";

/*
 * What of the sources the package has otherwise than Deno.
 */

/** Packages of TensorFlow.js, which the user need not install. */
const TENSORFLOW = /^@tensorflow\/tfjs(-backend-wasm)?$/;

/**
 * Leaves the choice between package/runtimes/node.ts and package/runtimes/browser.ts to the `imports` of the package.
 *
 * @param root The directory of the project.
 */
function conditionalRuntime(root: string): Plugin {
  const node = join(root, "package/runtimes/node.ts");
  return {
    name: "conditional runtime",
    setup({ onResolve }) {
      onResolve(
        { filter: /\/runtimes\/node\.ts$/ },
        ({ path, resolveDir, kind }) =>
          kind !== "entry-point" && join(resolveDir, path) === node
            ? { path: "#runtime", external: true }
            : undefined,
      );
    },
  };
}

/**
 * Loads TensorFlow.js only when it is needed: what is imported from it are variables, which package/tensorflow.ts sets.
 *
 * @param root The directory of the project.
 */
function tensorFlowOnDemand(root: string): Plugin {
  const receiversFile = join(root, "package/tensorflow_receivers.ts");
  return {
    name: "TensorFlow.js on demand",
    setup({ onResolve, onLoad }) {
      onResolve(
        { filter: TENSORFLOW },
        ({ path, kind }) =>
          kind === "dynamic-import" ? { path, external: true } : { path, namespace: "on demand" },
      );
      onLoad({ filter: TENSORFLOW, namespace: "on demand" }, async ({ path }) => {
        const names = Object.keys(await import(path)).filter((name) =>
          /^\w+$/.test(name) && name !== "default"
        );
        return {
          contents: `import { receivers } from ${JSON.stringify(receiversFile)};
export let ${names.join(", ")};
receivers.set(${JSON.stringify(path)}, (module) => void ({ ${names.join(", ")} } = module));`,
          resolveDir: root,
        };
      });
    },
  };
}

/**
 * Puts the compiled kernel in place of its compiler.
 *
 * @param root The directory of the project.
 */
async function compiledKernel(root: string): Promise<Plugin> {
  const define: Record<string, string> = {};
  for (const [name, relaxed] of [["FUSED_SIMD", false], ["FUSED_RELAXED", true]] as const) {
    define[name] = JSON.stringify((await fusedWasm(relaxed)).toBase64());
  }
  const compiler = join(root, "trainer/backends/fused/compile.ts");
  return {
    name: "compiled kernel",
    setup({ onResolve, initialOptions }) {
      initialOptions.define = { ...initialOptions.define, ...define };
      onResolve(
        { filter: /\/compile\.ts$/ },
        ({ path, resolveDir }) =>
          join(resolveDir, path) === compiler ? { path: join(root, "package/kernel.ts") } : undefined,
      );
    },
  };
}

/**
 * The plugins that bundle the package.
 *
 * @param root The directory of the project.
 */
export async function packagePlugins(root: string): Promise<Plugin[]> {
  return [conditionalRuntime(root), tensorFlowOnDemand(root), await compiledKernel(root)];
}
