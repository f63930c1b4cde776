import type { Plugin } from "esbuild";

/** Leaves the choice between runtimes/node.ts and runtimes/browser.ts to the `imports` of the package. */
const conditionalRuntime: Plugin = {
  name: "conditional runtime",
  setup({ onResolve }) {
    onResolve(
      { filter: /\/runtimes\/node\.ts$/ },
      ({ kind }) => kind === "entry-point" ? undefined : { path: "#runtime", external: true },
    );
  },
};

export async function packagePlugins(_root: string): Promise<Plugin[]> {
  return await Promise.resolve([conditionalRuntime]);
}
