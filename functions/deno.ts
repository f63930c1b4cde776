import { serveStatic } from "hono/deno";
import { fileURLToPath } from "node:url";
import { createApp } from "./app.ts";
import { clientAddress } from "./client_address.ts";
import { answerHeadOfStreams } from "./head_of_stream.ts";
import { listModels } from "./inference/model_directory.ts";
import { openModels } from "./inference/open_models.ts";
import { Registry } from "./inference/registry.ts";
import { LineBuffer } from "./manners/line_buffer.ts";
import { TokenBuckets } from "./manners/token_buckets.ts";
import { serveFiles } from "./serve_files.ts";
import { readSettings } from "./settings.ts";

/** Where models are, unless EDGEMORE_MODELS says otherwise. */
const MODELS = fileURLToPath(new URL("../models", import.meta.url));
const PAGE = fileURLToPath(new URL("../build/page/", import.meta.url));
const WASM = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
/** How long requests under way may take to end when the server is told to, in milliseconds. */
const LONGEST_END = 5000;

/** The port to listen at: 8000, or what PORT says. */
function readPort(): number {
  const text = Deno.env.get("PORT") || "8000";
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new RangeError(`PORT must be a whole number from 0 to 65535, got ${JSON.stringify(text)}`);
}

/** Writes a text to the standard output, whole. */
async function print(text: string): Promise<void> {
  for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
    bytes = bytes.subarray(await Deno.stdout.write(bytes));
  }
}

/**
 * Ends a server when it is told to: what is under way is answered, and the log written. A second signal changes nothing:
 * a terminal and `deno task` both pass the first one on.
 */
function endWhenTold(server: Deno.HttpServer, lines: LineBuffer): void {
  let told = false;
  const end = async () => {
    if (told) return;
    told = true;
    await Promise.race([server.shutdown(), new Promise((resolve) => setTimeout(resolve, LONGEST_END))]);
    await lines.flush();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
}

async function main(): Promise<void> {
  const port = readPort();
  const hostname = Deno.env.get("HOST") || "127.0.0.1";
  const settings = readSettings((name) => Deno.env.get(name));
  const {
    models = MODELS,
    modelTimeout,
    token,
    origins,
    rateLimit,
    trustProxy,
    serverTiming,
    log,
    bodyTimeout,
  } = settings;
  const registry = new Registry(await listModels(models), Deno.env.get("EDGEMORE_MODEL") || undefined);
  const lines = new LineBuffer(print);
  const app = createApp(registry, {
    runtime: "deno",
    token,
    origins,
    log: log ? (line) => lines.add(line) : undefined,
    serverTiming: serverTiming ?? true,
    bodyTimeout,
    rateLimit: rateLimit === undefined || rateLimit === "off"
      ? undefined
      : { limiter: new TokenBuckets(rateLimit), addressOf: clientAddress(trustProxy) },
  });
  const rewriteRequestPath = (path: string) => path === "/docs" ? "/docs.html" : path;
  serveFiles(app, serveStatic({ root: PAGE, precompressed: true, rewriteRequestPath }));
  const onListen = (address: Deno.NetAddr) => {
    console.log(`edgemore answers at http://${address.hostname}:${address.port}`);
  };
  try {
    endWhenTold(Deno.serve({ port, hostname, onListen }, answerHeadOfStreams(app.fetch)), lines);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the port is in use; end what is there, or set PORT to another"
      : `${(error as Error).message}; HOST and PORT say where to listen`;
    throw new Error(`cannot listen at ${hostname}:${port}: ${reason}`);
  }
  await openModels(registry, models, await Deno.readFile(WASM), modelTimeout);
}

try {
  await main();
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  Deno.exit(1);
}
