import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, onTestFinished } from "vitest";
import { buildOnce } from "./build_once.ts";
import { type Program, type Server, startDeno, startProgram, startServer } from "./processes.ts";

/** The permissions of `deno task start`, and the permission to read models anywhere. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-env"];

/** The arguments with which Deno runs the real server. */
export const SERVER_ARGS = ["run", ...PERMISSIONS, "functions/runtimes/deno.ts"];

/** The arguments that run the server as on a Deno without serveHttpOnConnection, which cannot limit connections. */
export const UNBOUNDED_SERVER_ARGS = [
  "run",
  "--preload",
  "tests/attacks/without_serve_http_on_connection.ts",
  ...SERVER_ARGS.slice(1),
];

/** The real Deno server, as a program whose output and exit code a test can check. */
export interface DenoServer {
  program: Program;
  address: string;
}

/** Starts the real Deno server for the length of a test, and waits until its models are open. */
export async function startDenoProgram(
  environment: Record<string, string> = {},
  args = SERVER_ARGS,
): Promise<DenoServer> {
  return await waitUntilServing(startDeno(args, { PORT: "0", ...environment }));
}

/** Like `startDenoProgram`, but limits the server's open files with `ulimit -n`. */
export async function startDenoWithFileLimit(
  files: number,
  environment: Record<string, string>,
): Promise<DenoServer> {
  const command = ["-c", `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...SERVER_ARGS];
  return await waitUntilServing(startProgram("bash", command, { PORT: "0", ...environment }));
}

async function waitUntilServing(program: Program): Promise<DenoServer> {
  onTestFinished(() => program.signal("SIGKILL"));
  const [, address] = await program.printed(/answers at (http:\S+)/);
  await waitForModels(address);
  return { program, address };
}

/** Resolves when a server has opened all its models. */
export async function waitForModels(address: string): Promise<void> {
  while (true) {
    const response = await fetch(`${address}/health`, { headers: { connection: "close" } });
    const { models } = await response.json();
    if (models.every(({ status }: { status: string }) => status !== "opening")) return;
    await pause(20);
  }
}

/**
 * Starts both real servers before the tests of a file, and ends them after.
 *
 * @param start How to start them. Default: the Deno server without a page.
 * @returns The servers, once the tests run, by runtime: "deno" and "workerd".
 */
export function startBothServers(
  start: { deno?: () => Promise<Server>; workerd?: () => Promise<Server> } = {},
): Map<string, Server> {
  const { deno: startDeno = startDenoServer, workerd: startWorker = startWorkerd } = start;
  const servers = new Map<string, Server>();
  beforeAll(async () => {
    const [deno, workerd] = await Promise.all([startDeno(), startWorker()]);
    servers.set("deno", deno).set("workerd", workerd);
    return async () => void await Promise.all([deno.end(), workerd.end()]);
  });
  return servers;
}

/** Starts the real Deno server and its page on a free port, as `deno task start` does, and waits until its models are open. */
export async function startPageServer(): Promise<Server> {
  await buildOnce("build:site");
  const server = await startDenoServer({}, ["run", "-P=server", "functions/runtimes/deno.ts"]);
  await waitForModels(server.address);
  return server;
}

/** Starts the real Deno server on a free port, without building the page. Its models open in the background. */
export async function startDenoServer(
  environment: Record<string, string> = {},
  args = SERVER_ARGS,
): Promise<Server> {
  const program = startDeno(args, { PORT: "0", ...environment });
  const [, address] = await program.printed(/answers at (http:\S+)/);
  const end = async () => {
    program.signal("SIGTERM");
    await program.ended;
  };
  return { pid: program.pid, address, printed: program.printed, end };
}

/**
 * Starts the real workerd on a free port, through wrangler, as `deno task worker` does.
 *
 * @param variables The values of the Worker's variables.
 */
export async function startWorkerd(variables: Record<string, string> = {}): Promise<Server> {
  const set = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  await buildOnce("build:site");
  await buildOnce("build:worker");
  return await startServer(["--eval", ["wrangler dev --port 0", ...set].join(" ")], /Ready on (http:\S+)/);
}

/** How {@link startWorkerdWith} builds and starts a Worker. */
export interface WorkerdOptions {
  /** How long a model may take to open, in seconds. Default: 30. */
  modelTimeout?: number;
  /** Changes wrangler.toml. */
  config?: (config: string) => string;
  /** The values of the Worker's variables. */
  variables?: Record<string, string>;
  /** Where wrangler keeps buckets and other state. */
  persistTo?: string;
}

/**
 * Builds a Worker with the models of a directory, and starts it in the real workerd on a free port.
 *
 * @param options How to build and start it.
 * @returns The standard error of the build, and the server.
 */
export async function startWorkerdWith(
  models: string,
  options: WorkerdOptions = {},
): Promise<{ printed: string; server: Server }> {
  const { modelTimeout = 30, config: changeConfig = (config) => config, variables = {}, persistTo } = options;
  const build = join("build", `attack-${process.pid}-${++builds}`); // in the project, where wrangler finds node_modules
  const remove = () => rm(build, { recursive: true, force: true });
  const args = ["scripts/build_worker.ts", build];
  const permissions = ["--allow-read", "--allow-write=build", "--allow-env"];
  const { code, stderr } = await startDeno(["run", ...permissions, ...args], {
    EDGEMORE_MODELS: models,
    EDGEMORE_MODEL_TIMEOUT: String(modelTimeout),
  }).ended;
  if (code !== 0) throw new Error(`Cannot build the Worker: ${stderr}`);
  const config = changeConfig(await readFile("wrangler.toml", "utf8"))
    .replace(/^main = .*$/m, 'main = "worker.ts"')
    .replace(/^directory = .*$/m, 'directory = "assets"');
  await mkdir(join(build, "assets"));
  await writeFile(join(build, "wrangler.toml"), config);
  const set = Object.entries(variables).map(([name, value]) => ` --var ${name}:${value}`).join("");
  const persist = persistTo === undefined ? "" : ` --persist-to ${persistTo}`;
  const command = `wrangler dev --config ${build}/wrangler.toml --port 0${persist}${set}`;
  const server = await startServer(["--eval", command], /Ready on (http:\S+)/);
  const end = async () => {
    await server.end();
    await remove();
  };
  return { printed: stderr, server: { ...server, end } };
}

let builds = 0;

/** A TCP connection, for requests that an HTTP client would not send. Text has one character for each byte. */
export interface RawConnection {
  socket: Socket;
  /** Sends text without any change. */
  send(text: string): void;
  /** All text received so far. */
  received(): string;
  /** Waits until the received text matches a pattern, and returns the text; rejects if the server closes before. */
  waitFor(pattern: RegExp): Promise<string>;
  /** Resolves with all text received when the server has closed the connection. */
  closed: Promise<string>;
}

/**
 * Opens a raw connection to a server for the length of a test.
 *
 * @param localAddress The client's address. The server counts each address of 127.0.0.0/8 as another client.
 */
export async function openConnection(address: string, localAddress = "127.0.0.1"): Promise<RawConnection> {
  const { hostname, port } = new URL(address);
  const socket = connect({ port: Number(port), host: hostname, localAddress });
  let text = "";
  let open = true;
  socket.on("data", (bytes) => void (text += bytes.toString("latin1")));
  socket.on("error", () => {}); // a reset by the server; "close" follows
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => {
      open = false;
      resolve(text);
    });
  });
  const waitFor = async (pattern: RegExp) => {
    while (!pattern.test(text)) {
      if (!open) throw new Error(`The server closed the connection after ${JSON.stringify(text)}`);
      await pause(10);
    }
    return text;
  };
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  onTestFinished(() => void socket.destroy());
  return { socket, send: (text) => void socket.write(text, "latin1"), received: () => text, waitFor, closed };
}

/**
 * Requests `/health` repeatedly during an attack, each time on a new connection.
 *
 * @returns The longest response time, in milliseconds.
 * @throws If the attack rejects.
 */
export async function healthDuring(address: string, attack: Promise<unknown>): Promise<{ longest: number }> {
  let running = true;
  const ended = attack.finally(() => running = false);
  ended.catch(() => {}); // awaited below
  let longest = 0;
  do {
    const started = performance.now();
    const response = await fetch(`${address}/health`, { headers: { connection: "close" } });
    await response.text();
    longest = Math.max(longest, performance.now() - started);
    await pause(20);
  } while (running);
  await ended;
  return { longest };
}

/** Returns the answer to a request, and expects that `/health` never takes more than a second meanwhile. */
export async function answerWhileHealthy(
  { address }: Server,
  request: Promise<Response>,
): Promise<{ status: number; text: string }> {
  const answer = request.then(async (response) => ({ status: response.status, text: await response.text() }));
  const { longest } = await healthDuring(address, answer);
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(1000);
  return await answer;
}
