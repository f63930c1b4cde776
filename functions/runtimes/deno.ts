import { fileURLToPath } from "node:url";
import { createApp } from "../app.ts";
import { clientAddress } from "./deno/client_address.ts";
import type { ListeningServer } from "./deno/bounded_server.ts";
import { bufferConsole, type Console } from "./deno/console.ts";
import { listen } from "./deno/listen.ts";
import type { Handler } from "./deno/serve_connection.ts";
import { staticFiles } from "./deno/static_files.ts";
import { answerHeadOfStreams } from "./deno/head_of_stream.ts";
import { listModels } from "../inference/model_directory.ts";
import { openModels } from "../inference/open_models.ts";
import { Registry } from "../inference/registry.ts";
import { TokenBuckets } from "../middleware/token_buckets.ts";
import { serveFiles } from "./deno/serve_files.ts";
import { readSettings, type Settings } from "./settings.ts";

/** Where models are, unless EDGEMORE_MODELS says otherwise. */
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const PAGE = fileURLToPath(new URL("../../build/page/", import.meta.url));
const WASM = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

/** The port to listen at: 8000, or what PORT says. */
function readPort(): number {
  const text = Deno.env.get("PORT") || "8000";
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new RangeError(`PORT must be a whole number from 0 to 65535, got ${JSON.stringify(text)}`);
}

/**
 * Ends the server when it is told to: what is under way is answered, and the log written. A second signal changes
 * nothing: a terminal and `deno task` both pass the first one on.
 *
 * @param seconds How long answers under way may take.
 */
function endWhenTold(server: ListeningServer, { flush }: Console, seconds: number): void {
  let told = false;
  const end = async () => {
    if (told) return;
    told = true;
    await server.end(1000 * seconds);
    await flush();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, end);
}

async function main(output: Console): Promise<void> {
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
  const app = createApp(registry, {
    runtime: "deno",
    token,
    origins,
    log: log ? output.log : undefined,
    serverTiming: serverTiming ?? true,
    bodyTimeout,
    rateLimit: rateLimit === undefined || rateLimit === "off"
      ? undefined
      : { limiter: new TokenBuckets(rateLimit), addressOf: clientAddress(trustProxy) },
  });
  serveFiles(app, staticFiles(PAGE, (path) => path === "/docs" ? "/docs.html" : path));
  const server = listenAt(hostname, port, settings, answerHeadOfStreams(app.fetch));
  endWhenTold(server, output, settings.shutdownTimeout);
  console.log(`edgemore answers at http://${authority(server.address)}`);
  void output.flush();
  await openModels(registry, models, await Deno.readFile(WASM), modelTimeout);
}

/** @throws {Error} If it is not possible to listen there; the message says what to do. */
function listenAt(hostname: string, port: number, settings: Settings, handler: Handler): ListeningServer {
  try {
    return listen({ hostname, port }, settings, handler);
  } catch (error) {
    const reason = error instanceof Deno.errors.AddrInUse
      ? "the port is in use; end what is there, or set PORT to another"
      : `${(error as Error).message}; HOST and PORT say where to listen`;
    throw new Error(`cannot listen at ${hostname}:${port}: ${reason}`);
  }
}

function authority({ hostname, port }: Deno.NetAddr): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const output = bufferConsole();
try {
  await main(output);
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  await output.flush();
  Deno.exit(1);
}
