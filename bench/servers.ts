import { spawn, spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { type HeapUsage, heapUsage } from "./heap.ts";

/** Where the Workers are built. */
const [WORKER, BARE] = ["build/worker", "build/bare"];
/** How long a server may take to start, in milliseconds. */
const MAX_START = 30_000;

/** A running server. */
export interface Server {
  address: string;
  /** Milliseconds from the start of its process to its first successful response. */
  startMilliseconds: number;
  /** Resident memory of its process, in MB. */
  residentMemory(): number;
  /** CPU time of its process in seconds, with a resolution of 10 ms (Linux). */
  cpuSeconds(): number;
  /** Memory of its JavaScript heap; the server must have been started with an inspector. */
  heapUsage(): Promise<HeapUsage>;
  end(): Promise<void>;
}

/** Options of the functions that start a server. */
export interface ServerOptions {
  /** Whether to start it with an inspector, which reports heap usage but slows the server down. */
  inspected?: boolean;
  /** Where it listens. Default: a port that is free. */
  port?: string;
}

/** The real Deno server, with the permissions of its task. */
export function startDenoServer(options?: ServerOptions, models = "models"): Promise<Server> {
  return startAt(
    "/health",
    (port, inspector) => [
      process.execPath,
      [
        "run",
        ...inspector.map((address) => `--inspect=${address}`),
        "--quiet",
        "-P=server",
        "functions/runtimes/deno.ts",
      ],
      { PORT: port, EDGEMORE_MODELS: models },
    ],
    options,
  );
}

/** The real Deno server in several processes at one address. */
export async function startDenoProcesses(count: number): Promise<Server[]> {
  const port = String(await freePort());
  const program = ["run", "--quiet", "-P=server", "functions/runtimes/deno.ts"];
  const environment = { EDGEMORE_SHARE_PORT: "true" };
  const servers: Server[] = [];
  while (servers.length < count) {
    servers.push(
      await startAt("/health", (port) => [process.execPath, program, { ...environment, PORT: port }], {
        port,
      }),
    );
  }
  return servers;
}

/** The bare Hono routes on Deno. */
export function startBareDeno(options?: ServerOptions): Promise<Server> {
  return startAt(
    "/1",
    (port, inspector) => [
      process.execPath,
      ["run", ...inspector.map((address) => `--inspect=${address}`), "-A", "bench/bare_deno.ts"],
      { PORT: port },
    ],
    options,
  );
}

/**
 * A peer of `bench peers`.
 *
 * @param program The program and its arguments; the port is its environment variable PORT.
 */
export function startPeer(program: string, args: string[]): Promise<Server> {
  return startAt("/health", (port) => [program, args, { PORT: port }]);
}

/** The pieces of `bench middleware` on Deno. */
export function startMiddlewareDeno(): Promise<Server> {
  const program = ["run", "-A", "bench/middleware_deno.ts"];
  return startAt("/ours/0", (port) => [process.execPath, program, { PORT: port }]);
}

/** The pieces of `bench middleware` on workerd. */
export function startMiddlewareWorkerd(): Promise<Server> {
  return startBundle("build/middleware", "middleware_worker.js", "/ours/0");
}

/** The real Worker on workerd. */
export function startWorkerd(options?: ServerOptions): Promise<Server> {
  return startBundle(WORKER, "worker.js", "/health", options);
}

/**
 * The real Worker on workerd, without its log.
 *
 * @param limit The value of EDGEMORE_RATE_LIMIT. A strict limit is stored below `directory`.
 * @param directory An absolute path.
 */
export function startWorkerdWithLimit(limit: string, directory: string): Promise<Server> {
  mkdirSync(directory, { recursive: true });
  return startBundle(WORKER, "worker.js", "/health", {}, {
    services: `(name = "objects", disk = (path = "${directory}", writable = true))`,
    worker: `
  durableObjectNamespaces = [(className = "RateLimitObject", uniqueKey = "limit", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "STRICT_RATE_LIMITER", durableObjectNamespace = "RateLimitObject"),
    (name = "EDGEMORE_RATE_LIMIT", text = "${limit}"),
    (name = "EDGEMORE_LOG", text = "off"),
  ],`,
  });
}

/** The bare Hono routes on workerd. */
export function startBareWorkerd(options?: ServerOptions): Promise<Server> {
  return startBundle(BARE, "bare_worker.js", "/1", options);
}

/**
 * Builds the real Worker and the bare one, as for an upload.
 *
 * @param models The directory of the models.
 */
export function buildWorkers(models = "models"): void {
  const env = { ...process.env, EDGEMORE_MODELS: models };
  // A module of an earlier build would be loaded with the others.
  for (const directory of [WORKER, BARE]) rmSync(directory, { recursive: true, force: true });
  const run = (args: string[]) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
    if (status !== 0) throw new Error(`Cannot build a Worker: ${stdout}\n${stderr}`);
  };
  run(["task", "build"]);
  run(["task", "build:bare"]);
}

/** Starts workerd on a bundle, with a configuration of its modules and a port. */
async function startBundle(
  directory: string,
  main: string,
  path: string,
  options?: ServerOptions,
  more: { services: string; worker: string } = { services: "", worker: "" },
): Promise<Server> {
  const others = readdirSync(directory).filter((file) => /\.(wasm|onnx|txt)$/.test(file));
  const modules = [
    `(name = "${main}", esModule = embed "${main}")`,
    ...others.map((file) =>
      `(name = "./${file}", ${file.endsWith(".wasm") ? "wasm" : "data"} = embed "${file}")`
    ),
  ];
  mkdirSync(directory, { recursive: true });
  const config = (port: string) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker), ${more.services}],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (${more.worker}
  modules = [${modules.join(", ")}], compatibilityDate = "2026-10-01"
);
`;
  return await startAt(path, (port, inspector) => {
    writeFileSync(`${directory}/config.capnp`, config(port));
    // In binary, as wrangler passes it: reading the text with all its files takes workerd longer than ONNX Runtime.
    const { stdout } = spawnSync(workerdBinary(), ["compile", "--config-only", `${directory}/config.capnp`], {
      maxBuffer: 2 ** 28,
    });
    writeFileSync(`${directory}/config.bin`, stdout);
    const flags = inspector.map((address) => `-i${address}`);
    return [workerdBinary(), ["serve", ...flags, "--binary", `${directory}/config.bin`], {}];
  }, options);
}

/** The path of the workerd that comes with wrangler. */
function workerdBinary(): string {
  const wrangler = createRequire(import.meta.url).resolve("wrangler");
  return createRequire(createRequire(wrangler).resolve("workerd")).resolve(
    `@cloudflare/workerd-${process.platform}-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`,
  );
}

type Command = [program: string, args: string[], environment: Record<string, string>];

/**
 * Starts a server and waits for its first successful response.
 *
 * @param command Makes the command for a port and, if there is to be one, the address of an inspector.
 */
async function startAt(
  path: string,
  command: (port: string, inspector: string[]) => Command,
  { inspected = false, port }: ServerOptions = {},
): Promise<Server> {
  port ??= String(await freePort());
  const inspector = inspected ? [`127.0.0.1:${await freePort()}`] : [];
  const [program, args, environment] = command(port, inspector);
  const started = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text) => errors += text);
  let ended = false;
  const end = new Promise<void>((resolve) =>
    child.on("close", () => {
      ended = true;
      resolve();
    })
  );
  const address = `http://127.0.0.1:${port}`;
  while (true) {
    // A server answers 503 while its models are still opening.
    const answered = await fetch(address + path).then(async (response) => {
      await response.text();
      return response.ok;
    }, () => false);
    if (answered) break;
    if (ended || performance.now() - started > MAX_START) {
      child.kill("SIGKILL");
      throw new Error(`Cannot start ${program}: ${errors}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    address,
    startMilliseconds: performance.now() - started,
    residentMemory: () => {
      const { stdout } = spawnSync("ps", ["-o", "rss=", "-p", String(child.pid)], { encoding: "utf8" });
      return Number(stdout) / 1024;
    },
    cpuSeconds: () => {
      // Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the name, in parentheses, may contain spaces.
      const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    heapUsage: () => heapUsage(`http://${inspector[0]}`),
    end: () => {
      child.kill("SIGTERM");
      return end;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
