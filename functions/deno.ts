import { fileURLToPath } from "node:url";
import { serveStatic } from "hono/deno";
import { createApp } from "./app.ts";
import { provideOnnxRuntime } from "./inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "./inference/registry.ts";
import { servePage } from "./serve_page.ts";

const MODELS = new URL("../models/", import.meta.url);
const PAGE = fileURLToPath(new URL("../build/page/", import.meta.url));
const WASM = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

/** The models of a directory, found by their cards. */
async function readModels(directory: URL): Promise<ModelFiles[]> {
  const files: ModelFiles[] = [];
  for await (const { name: file } of Deno.readDir(directory)) {
    const name = /^([^.].*)\.json$/.exec(file)?.[1];
    if (name === undefined) continue;
    const read = (other: string) => Deno.readFile(new URL(other, directory)).catch(() => null);
    files.push({
      name,
      card: await Deno.readTextFile(new URL(file, directory)),
      onnx: await read(`${name}.onnx`),
      known: await read(`${name}.known`),
    });
  }
  return files;
}

/** The port to listen at: 8000, or what PORT says. */
function readPort(): number {
  const text = Deno.env.get("PORT") || "8000";
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new RangeError(`PORT must be a whole number from 0 to 65535, got ${JSON.stringify(text)}`);
}

async function main(): Promise<void> {
  const port = readPort();
  const hostname = Deno.env.get("HOST") || "127.0.0.1";
  provideOnnxRuntime(await Deno.readFile(WASM));
  const registry = await Registry.open(await readModels(MODELS), Deno.env.get("EDGEMORE_MODEL") || undefined);
  for (const { name, status, reason } of registry.statuses()) {
    if (status === "broken") console.error(`warning: model ${name} is broken: ${reason}`);
  }
  const app = createApp(registry, { runtime: "deno" });
  servePage(app, serveStatic({ root: PAGE, precompressed: true }));
  const onListen = (address: Deno.NetAddr) => {
    console.log(`edgemore answers at http://${address.hostname}:${address.port}`);
  };
  try {
    Deno.serve({ port, hostname, onListen }, app.fetch);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the port is in use; end what is there, or set PORT to another"
      : `${(error as Error).message}; HOST and PORT say where to listen`;
    throw new Error(`cannot listen at ${hostname}:${port}: ${reason}`);
  }
}

try {
  await main();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
