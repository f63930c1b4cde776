import { createApp } from "./app.ts";
import { provideOnnxRuntime } from "./inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "./inference/registry.ts";

const MODELS = new URL("../models/", import.meta.url);
const WASM = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

/** The models of a directory, found by their cards. */
async function readModels(directory: URL): Promise<ModelFiles[]> {
  const files: ModelFiles[] = [];
  for await (const { name: file } of Deno.readDir(directory)) {
    const name = /^([^.].*)\.json$/.exec(file)?.[1];
    if (name === undefined) continue;
    const onnx = await Deno.readFile(new URL(`${name}.onnx`, directory)).catch(() => null);
    files.push({ name, card: await Deno.readTextFile(new URL(file, directory)), onnx });
  }
  return files;
}

provideOnnxRuntime(await Deno.readFile(WASM));
const registry = await Registry.open(await readModels(MODELS), Deno.env.get("EDGEMORE_MODEL"));
const app = createApp(registry, { runtime: "deno" });

const port = Number(Deno.env.get("PORT") || 8000);
const hostname = Deno.env.get("HOST") || "127.0.0.1";
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(
    `error: PORT must be a whole number from 0 to 65535, got ${JSON.stringify(Deno.env.get("PORT"))}`,
  );
  Deno.exit(1);
}
try {
  Deno.serve({
    port,
    hostname,
    onListen: (address) => console.log(`edgemore answers at http://${address.hostname}:${address.port}`),
  }, app.fetch);
} catch (error) {
  if (!(error instanceof Deno.errors.AddrInUse)) throw error;
  console.error(`error: port ${port} of ${hostname} is in use: stop what is there, or set PORT to another`);
  Deno.exit(1);
}
