import { build, type BuildOptions } from "esbuild";
import process from "node:process";
import { expect, test } from "vitest";
import { packagePlugins } from "../../scripts/package_plugins.ts";
import { trainerInBrowser } from "../../scripts/trainer_in_browser.ts";

/** The npm packages whose code a program has, sorted, each once. */
async function packagesOf(entry: string, options: BuildOptions = { platform: "node" }): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    outdir: "build", // nothing is written
    external: ["node:*", "cloudflare:*", "*.wasm"],
    logLevel: "silent",
    ...options,
  });
  const packages = Object.keys(metafile!.inputs)
    .flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set(packages)].sort();
}

// TensorFlow.js, which trains models, brings node-fetch along (and core-js, whose code nothing imports): nothing that answers requests may have them.
test.each([
  "functions/runtimes/deno.ts",
  "functions/runtimes/cloudflare.ts", // all that build/worker.ts imports besides the models and ONNX Runtime's .wasm
])("%s has the code of these packages and no others", async (entry) => {
  expect(await packagesOf(entry)).toEqual([
    "@asteasolutions/zod-to-openapi",
    "@hono/zod-openapi",
    "@hono/zod-validator",
    "hono",
    "onnxruntime-web",
    "zod",
  ]);
});

test("what trains in the page has neither TensorFlow.js nor a compiler", async () => {
  expect(await packagesOf("page/train/worker.ts", { plugins: [trainerInBrowser] })).toEqual([
    "@bufbuild/protobuf",
    "onnx-buf",
    "zod",
  ]);
});

test.each([
  ["core", ["fflate", "onnxruntime-web", "zod"]],
  ["hono", [
    "@asteasolutions/zod-to-openapi",
    "@hono/zod-openapi",
    "@hono/zod-validator",
    "fflate",
    "hono",
    "onnxruntime-web",
    "zod",
  ]],
  ["train", ["@bufbuild/protobuf", "onnx-buf", "zod"]],
])("the package's entry %s has the code of these packages and no others", async (entry, packages) => {
  const plugins = await packagePlugins(process.cwd());
  expect(await packagesOf(`package/${entry}.ts`, { platform: "node", plugins })).toEqual(packages);
});

test("the trainer has them: packages are found where they are", async () => {
  const packages = await packagesOf("trainer/evaluation.ts");
  expect(packages).toEqual(expect.arrayContaining(["@tensorflow/tfjs-core", "node-fetch"]));
});
