import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { onTestFinished } from "vitest";
import { type Program, type Server, startDeno, startProgram, startServer } from "./processes.ts";

/** Permissions of `deno task start`, and to read models anywhere. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-env"];

/** What the real Deno server is started with, after the path of Deno itself. */
export const SERVER_ARGS = ["run", ...PERMISSIONS, "functions/runtimes/deno.ts"];

/** The real Deno server, of which a test may look at what it prints and how it ends. */
export interface DenoServer {
  program: Program;
  address: string;
}

/** Starts the real Deno server for the length of a test, and waits until its models are open. */
export async function startDenoProgram(
  environment: Record<string, string> = {},
  args = SERVER_ARGS,
): Promise<DenoServer> {
  return await serving(startDeno(args, { PORT: "0", ...environment }));
}

/** As `startDenoProgram`, but the system lets the server have so many open files. */
export async function startDenoWithFiles(
  files: number,
  environment: Record<string, string>,
): Promise<DenoServer> {
  const command = ["-c", `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...SERVER_ARGS];
  return await serving(startProgram("bash", command, { PORT: "0", ...environment }));
}

async function serving(program: Program): Promise<DenoServer> {
  onTestFinished(() => program.signal("SIGKILL"));
  const [, address] = await program.printed(/answers at (http:\S+)/);
  await modelsAreOpen(address);
  return { program, address };
}

/** Resolves when a server has opened its models. */
export async function modelsAreOpen(address: string): Promise<void> {
  while (true) {
    const response = await fetch(`${address}/health`, { headers: { connection: "close" } });
    const { models } = await response.json();
    if (models.every(({ status }: { status: string }) => status !== "opening")) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/**
 * Starts the real Deno server on a free port, without building the page, and waits until its models are open. The caller
 * ends it.
 */
export async function startDenoServer(environment: Record<string, string> = {}): Promise<Server> {
  const program = startDeno(SERVER_ARGS, { PORT: "0", ...environment });
  const [, address] = await program.printed(/answers at (http:\S+)/);
  const end = async () => {
    program.signal("SIGTERM");
    await program.ended;
  };
  return { pid: program.pid, address, printed: program.printed, end };
}

/**
 * Starts the real workerd on a free port, through wrangler.
 *
 * @param variables The Worker's variables, by name.
 */
export async function startWorkerd(variables: Record<string, string> = {}): Promise<Server> {
  const set = Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  return await startServer(["worker", "--port", "0", ...set], /Ready on (http:\S+)/);
}

/**
 * Starts the real workerd on a free port, with the models of a directory.
 *
 * @returns What is printed while the Worker is built, and the server.
 */
export async function startWorkerdWith(models: string): Promise<{ printed: string; server: Server }> {
  const build = join("build", `attack-${process.pid}-${++builds}`); // bundling finds node_modules from inside the project
  const remove = () => rm(build, { recursive: true, force: true });
  const args = ["scripts/build_worker.ts", build];
  const permissions = ["--allow-read", "--allow-write=build", "--allow-env"];
  const { code, stderr } = await startDeno(["run", ...permissions, ...args], {
    EDGEMORE_MODELS: models,
    EDGEMORE_MODEL_TIMEOUT: "3",
  }).ended;
  if (code !== 0) throw new Error(`Cannot build the Worker: ${stderr}`);
  const config = (await readFile("wrangler.toml", "utf8"))
    .replace(/^main = .*$/m, 'main = "worker.ts"')
    .replace(/^directory = .*$/m, 'directory = "assets"');
  await mkdir(join(build, "assets"));
  await writeFile(join(build, "wrangler.toml"), config);
  const command = `wrangler dev --config ${build}/wrangler.toml --port 0`;
  const server = await startServer(["--eval", command], /Ready on (http:\S+)/);
  const end = async () => {
    await server.end();
    await remove();
  };
  return { printed: stderr, server: { ...server, end } };
}

let builds = 0;

/** A TCP connection on which an attacker writes what no HTTP client would. */
export interface RawConnection {
  socket: Socket;
  /** Sends text as it is, one byte per character. */
  send(text: string): void;
  /** All that was received so far, one character per byte. */
  received(): string;
  /** Resolves with all that was received when the server has closed the connection. */
  closed: Promise<string>;
}

/**
 * Opens a raw connection to a server. It is closed when the test has finished.
 *
 * @param localAddress Whence it comes: each address of 127.0.0.0/8 is a client of its own.
 */
export async function openConnection(address: string, localAddress = "127.0.0.1"): Promise<RawConnection> {
  const { hostname, port } = new URL(address);
  const socket = connect({ port: Number(port), host: hostname, localAddress });
  let text = "";
  socket.on("data", (bytes) => void (text += bytes.toString("latin1")));
  socket.on("error", () => {}); // a server that resets the connection has closed it
  const closed = new Promise<string>((resolve) => socket.on("close", () => resolve(text)));
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  onTestFinished(() => void socket.destroy());
  return { socket, send: (text) => void socket.write(text, "latin1"), received: () => text, closed };
}

/**
 * Asks for `/health` again and again, each time on a new connection, while something else goes on.
 *
 * @returns The longest that an answer took, in milliseconds, and how many there were.
 */
export async function healthDuring(
  address: string,
  attack: Promise<unknown>,
): Promise<{ longest: number; answers: number }> {
  let under = true;
  const ended = attack.finally(() => under = false);
  ended.catch(() => {}); // awaited below
  let [longest, answers] = [0, 0];
  do {
    const started = performance.now();
    const response = await fetch(`${address}/health`, { headers: { connection: "close" } });
    await response.text();
    longest = Math.max(longest, performance.now() - started);
    answers++;
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (under);
  await ended;
  return { longest, answers };
}
