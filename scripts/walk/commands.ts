import { type Server, startDeno, startServer } from "../../tests/processes.ts";
import { waitForModels } from "../../tests/servers.ts";
import type { Answer, Ran } from "./document.ts";

/** A runtime, by the task that starts its server. */
export interface Runtime {
  task: "start" | "worker";
  /** Arguments and environment with which the task takes a free port. */
  freePort: { args: string[]; environment: Record<string, string> };
  /** Matches the server's output when it is ready; the first group is the address. */
  ready: RegExp;
  /** The server's address if it is not told to take a free port, which the document shows. */
  address: string;
}

export const DENO: Runtime = {
  task: "start",
  freePort: { args: [], environment: { PORT: "0" } },
  ready: /edgemore answers at (http:\S+)/,
  address: "http://127.0.0.1:8000",
};

export const WORKERD: Runtime = {
  task: "worker",
  freePort: { args: ["--port", "0"], environment: {} },
  ready: /Ready on (http:\S+)/,
  address: "http://127.0.0.1:8787",
};

/** Runs a Deno task to its end. */
export async function run(command: string): Promise<Ran> {
  const { code, stdout, stderr } = await startDeno(command.split(" ").slice(1)).ended;
  if (code !== 0) throw new Error(`Cannot run ${command}: it ended with ${code}\n${stderr}`);
  return { command, printed: stdout.replace(/npx --yes deno@[\d.]+/g, "deno").trim() };
}

/** Starts a server on a free port. */
export async function serve(
  { task, freePort, ready }: Runtime,
  environment: Record<string, string> = {},
): Promise<Server> {
  return await startServer([task, ...freePort.args], ready, { ...environment, ...freePort.environment });
}

/**
 * Starts a server of the models of a directory, asks it once, and ends it.
 *
 * @param query The query of `/generate`.
 */
export async function ask(runtime: Runtime, models: string, query: string): Promise<Answer> {
  const { task, ready, address } = runtime;
  const server = await serve(runtime, { EDGEMORE_MODELS: models });
  try {
    await waitForModels(server.address);
    const response = await fetch(`${server.address}/generate?${query}`);
    if (!response.ok) throw new Error(`Cannot generate: ${await response.text()}`);
    const [printed] = await server.printed(ready);
    return {
      command: `EDGEMORE_MODELS=${models} deno task ${task}`,
      printed: printed.replace(server.address, address),
      curl: `curl '${new URL(address).host}/generate?${query}'`,
      answer: await response.json(),
    };
  } finally {
    await server.end();
  }
}
