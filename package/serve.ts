import { getConnInfo } from "@hono/node-server/conninfo";
import { Command } from "commander";
import { stat } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createApp } from "../functions/app.ts";
import { DirectoryStore } from "../functions/inference/directory_store.ts";
import { listModels } from "../functions/inference/model_directory.ts";
import { ModelMemory } from "../functions/inference/model_memory.ts";
import { ModelRefresher } from "../functions/inference/model_refresher.ts";
import { WASM_RUNTIME } from "../functions/inference/onnx_runtime.ts";
import { Registry } from "../functions/inference/registry.ts";
import { openModel, TrainingLists } from "../functions/inference/served_model.ts";
import { clientAddress } from "../functions/runtimes/client_address.ts";
import { gather } from "../functions/runtimes/gather.ts";
import { listen, type ListeningServer } from "../functions/runtimes/node.ts";
import { readSettings, type Settings } from "../functions/runtimes/settings.ts";
import { TokenBuckets } from "../functions/runtimes/token_buckets.ts";
import { takeTurn } from "../shared/event_loop.ts";
import { MODELS_DIRECTORY, modelsOption, wholeNumber } from "../trainer/commands/arguments.ts";
import { DEFAULT_ADDRESS, edgemoreCommand } from "./command_line.ts";
import { startOnnxRuntime } from "./model.ts";

/** The models that come with the package, beside dist/ and types/. */
const INCLUDED_MODELS = fileURLToPath(new URL("../models", import.meta.resolve("edgemore")));

/** How often the server looks for changes of its directory of models, in seconds, as on Deno. */
const REFRESH = 2;

/** The flags of the command. */
interface ServeFlags {
  models: string;
  defaultModel?: string;
  host: string;
  port: number;
}

/** The command `serve`. */
export const serveCommand: Command = new Command("serve")
  .description(
    "Serve the models of a directory over HTTP, on Node: /generate, /score, /next, /models, /health.",
  )
  .addOption(modelsOption().env("EDGEMORE_MODELS"))
  .option("--default-model <name>", "the model for requests that name none (default: gru, else the first)")
  .option(
    "--host <address>",
    "the address to listen at; 0.0.0.0 is all of this machine",
    DEFAULT_ADDRESS.host,
  )
  .option("--port <number>", "0 is any free one", wholeNumber(0, 65535), DEFAULT_ADDRESS.port)
  .addHelpText(
    "after",
    `
The settings EDGEMORE_TOKEN, EDGEMORE_RATE_LIMIT, EDGEMORE_ORIGINS, EDGEMORE_TRUST_PROXY, EDGEMORE_LOG and the timeouts are
environment variables, as in the project's README.

Examples:
  edgemore serve
  edgemore serve --models my/models --default-model towns --port 3000
  EDGEMORE_TOKEN=secret EDGEMORE_RATE_LIMIT=600/60s edgemore serve --host 0.0.0.0`,
  )
  .action(serve);

async function serve({ models, defaultModel, host, port }: ServeFlags): Promise<void> {
  const settings = readSettings((name) => process.env[name]);
  const { token, origins, rateLimit, trustProxy, bodyTimeout, serverTiming, log = !process.stdout.isTTY } =
    settings;
  const registry = new Registry(await namesIn(models), defaultModel);
  const app = createApp(registry, {
    runtime: "node",
    token,
    origins,
    bodyTimeout,
    serverTiming,
    gather,
    log: log ? (line) => console.log(line) : undefined,
    rateLimit: rateLimit === undefined || rateLimit === "off" ? undefined : {
      limiter: new TokenBuckets(rateLimit),
      addressOf: clientAddress(trustProxy, getConnInfo),
    },
  });
  const server = await listen(app.fetch, { hostname: host, port }, settings).catch(
    (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE"
        ? "the port is in use; --port chooses another"
        : error.message;
      throw new Error(`Cannot listen at ${host}:${port}: ${reason}`);
    },
  );
  shutDownOnSignal(server, settings.shutdownTimeout);
  console.log(`edgemore answers at http://${authority(server.address)}`);
  await followModels(registry, models, settings);
}

/**
 * The names of the models in a directory.
 *
 * @throws {Error} If there are none. The message says what to do.
 */
async function namesIn(models: string): Promise<string[]> {
  const isThere = await stat(models).then((stats) => stats.isDirectory(), () => false);
  const names = isThere ? await listModels(models) : [];
  if (names.length > 0) return names;
  const directory = models === MODELS_DIRECTORY ? "" : ` --out ${models}`;
  throw new Error(
    `Cannot serve the models in ${models}: ${isThere ? "it has none" : "there is no such directory"}.\n` +
      `To train one: ${edgemoreCommand.callAgain("train")} --data LIST.txt${directory}\n` +
      `To serve the model of names that comes with edgemore: ${
        edgemoreCommand.callAgain("serve")
      } --models ${INCLUDED_MODELS}`,
  );
}

/** Opens the models one after the other, while the server answers, and then follows the changes of their directory. */
async function followModels(
  registry: Registry,
  directory: string,
  { modelMemory = Infinity, modelRefresh = REFRESH }: Settings,
): Promise<void> {
  const lists = new TrainingLists(takeTurn);
  const memory = new ModelMemory(modelMemory * 2 ** 20);
  const refresher = new ModelRefresher(registry, new DirectoryStore(directory), {
    memory,
    async open(files, onBroken) {
      await startOnnxRuntime();
      return await openModel(files, WASM_RUNTIME, { onBroken, lists, memory, pause: takeTurn });
    },
  });
  await refresher.refresh();
  if (modelRefresh !== "off") setInterval(() => void refresher.refresh(), 1000 * modelRefresh).unref();
}

/** Ends the process gracefully on SIGINT and SIGTERM. Further signals are ignored: a terminal and npx both forward the first. */
function shutDownOnSignal(server: ListeningServer, seconds: number): void {
  let signalled = false;
  const shutDown = async () => {
    if (signalled) return;
    signalled = true;
    await server.shutDown(seconds);
    process.exit(0);
  };
  process.on("SIGINT", shutDown).on("SIGTERM", shutDown);
}

function authority({ address, port }: AddressInfo): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
