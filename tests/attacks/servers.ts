import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { onTestFinished } from "vitest";
import { type Server, startDeno, startServer } from "../processes.ts";

/** Permissions of `deno task start`, and to read models anywhere. */
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-env"];

/** Starts the real Deno server on a free port, without building the page; it ends with the test or suite. */
export async function startDenoServer(environment: Record<string, string> = {}): Promise<Server> {
  const program = startDeno(["run", ...PERMISSIONS, "functions/deno.ts"], { PORT: "0", ...environment });
  const [, address] = await program.printed(/answers at (http:\S+)/);
  const end = async () => {
    program.signal("SIGTERM");
    await program.ended;
  };
  return { pid: program.pid, address, end };
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
  const args = ["functions/build_worker.ts", build];
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

/** Opens a raw connection to a server. It is closed when the test has finished. */
export async function openConnection(address: string): Promise<RawConnection> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
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
