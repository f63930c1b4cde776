import { getConnInfo } from "hono/deno";
import { fileURLToPath } from "node:url";
import { createApp } from "../app.ts";
import { DirectoryStore } from "../inference/directory_store.ts";
import { listModels } from "../inference/model_directory.ts";
import { ModelMemory } from "../inference/model_memory.ts";
import type { ModelRefresher } from "../inference/model_refresher.ts";
import { openModels } from "../inference/open_models.ts";
import { Registry } from "../inference/registry.ts";
import { clientAddress } from "./client_address.ts";
import type { ListeningServer } from "./deno/bounded_server.ts";
import { bufferConsole, type BufferedConsole } from "./deno/buffered_console.ts";
import { answerHeadOfStreams } from "./deno/head_requests.ts";
import { listen } from "./deno/listen.ts";
import { readableLine } from "./deno/readable_line.ts";
import type { Handler } from "./deno/serve_connection.ts";
import { serveStaticFiles } from "./deno/static_files.ts";
import { gather } from "./gather.ts";
import { readSettings, type Settings } from "./settings.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** The default directory of the models. */
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));
const PAGE = fileURLToPath(new URL("../../build/page/", import.meta.url));
const WASM = new URL(import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));

/** How long the address waits for the models on a terminal, in milliseconds, so that warnings about them precede it. */
const MAX_WAIT = 2000;

/** How often the server looks for changes of its directory of models, in seconds. It asks for the times of some files. */
const REFRESH = 2;

/** Reads the port from PORT. Default: 8000. */
function readPort(): number {
  const text = Deno.env.get("PORT") || "8000";
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new RangeError(`PORT must be a whole number from 0 to 65535, got ${JSON.stringify(text)}`);
}

/**
 * Shuts the server down gracefully on SIGINT or SIGTERM: requests in progress are answered and the log is written. Further
 * signals are ignored, because a terminal and `deno task` both forward the first one.
 *
 * @param seconds How long requests in progress may take.
 */
function shutDownOnSignal(server: ListeningServer, { flush }: BufferedConsole, seconds: number): void {
  let signalled = false;
  const shutDown = async () => {
    if (signalled) return;
    signalled = true;
    await server.shutDown(1000 * seconds);
    await flush();
    Deno.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, shutDown);
}

async function main(output: BufferedConsole): Promise<void> {
  const port = readPort();
  const hostname = Deno.env.get("HOST") || "127.0.0.1";
  const settings = readSettings((name) => Deno.env.get(name));
  const {
    models = MODELS,
    modelTimeout,
    modelRefresh = REFRESH,
    modelMemory = Infinity,
    token,
    origins,
    rateLimit,
    trustProxy,
    serverTiming,
    bodyTimeout,
  } = settings;
  const terminal = Deno.stdout.isTerminal();
  const { log = !terminal } = settings; // who starts it by hand wants the address
  const writeLog = terminal ? (line: string) => output.log(readableLine(line)) : output.log;
  const names = await listModels(models);
  if (names.length === 0) {
    console.error(`warning: there are no models in ${models}; deno task train makes one`);
  }
  const registry = new Registry(names, Deno.env.get("EDGEMORE_MODEL") || undefined);
  const app = createApp(registry, {
    runtime: "deno",
    token,
    origins,
    log: log ? writeLog : undefined,
    serverTiming: serverTiming ?? true,
    bodyTimeout,
    gather,
    rateLimit: rateLimit === undefined || rateLimit === "off"
      ? undefined
      : { limiter: new TokenBuckets(rateLimit), addressOf: clientAddress(trustProxy, getConnInfo) },
  });
  serveStaticFiles(app, PAGE);
  const server = listenAt(hostname, port, settings, answerHeadOfStreams(app.fetch));
  shutDownOnSignal(server, output, settings.shutdownTimeout);
  const memory = new ModelMemory(modelMemory * 2 ** 20);
  const store = new DirectoryStore(models);
  const opened = openModels(registry, store, await Deno.readFile(WASM), modelTimeout, memory);
  const announce = async () => {
    if (terminal) await Promise.race([opened, new Promise((resolve) => setTimeout(resolve, MAX_WAIT))]);
    await output.flush();
    console.log(announcement(`http://${authority(server.address)}`, terminal));
    await output.flush();
  };
  const [refresher] = await Promise.all([opened, announce()]);
  if (modelRefresh !== "off") refreshEvery(modelRefresh, refresher);
}

/** Follows the directory of models, until the server ends. Not by watching it, since network file systems tell of no changes. */
function refreshEvery(seconds: number, refresher: ModelRefresher): void {
  const timer = setInterval(() => void refresher.refresh(), 1000 * seconds);
  Deno.unrefTimer(timer);
}

/** The line that tells the server's address, so that it stands out on a terminal. */
function announcement(address: string, terminal: boolean): string {
  if (!terminal) return `edgemore answers at ${address}`;
  const emphasised = Deno.noColor ? address : `\x1b[1m${address}\x1b[0m`;
  return `\n  edgemore answers at ${emphasised}   (Ctrl-C ends it)\n`;
}

/** @throws {Error} If the server cannot listen at the address; the message says what to change. */
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
