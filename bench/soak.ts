import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { type Server, startDenoServer, startWorkerd } from "./servers.ts";
import { ServerBusyError, SoakClient, SoakTally } from "./soak_client.ts";
import { describeTrend, memoryTrend } from "./soak_memory.ts";
import { TRAFFIC } from "./soak_traffic.ts";

const NAMES = "trainer/data/us-names-2018.txt";
const RUNTIMES = { deno: startDenoServer, workerd: startWorkerd };
type Runtime = keyof typeof RUNTIMES;

/** The number of memory samples of a server. */
const SAMPLES = 300;
/** How long a client waits after a 503 with Retry-After, in milliseconds. */
const BUSY_PAUSE = 200;
/** Milliseconds between two requests for `/health`. */
const HEALTH_INTERVAL = 100;
/** How long `/health` may take, in milliseconds. */
const MAX_HEALTH_TIME = 1000;

interface SoakFlags {
  runtime: Runtime | "both";
  clients: number;
}

/** Makes requests, one after another, until the end of the soak. */
async function runClient(client: SoakClient, end: number): Promise<void> {
  const total = Object.values(TRAFFIC).reduce((sum, { weight }) => sum + weight, 0);
  while (performance.now() < end) {
    let left = client.number(2 ** 32) / 2 ** 32 * total;
    const [kind, { request }] = Object.entries(TRAFFIC).find(([, { weight }]) => (left -= weight) < 0)!;
    SoakTally.add(client.tally.kinds, kind);
    try {
      await request(client);
    } catch (error) {
      if (error instanceof ServerBusyError) await wait(BUSY_PAUSE);
      else SoakTally.add(client.tally.errors, `${kind}: ${(error as Error).message}`);
    }
  }
}

/** Requests `/health` until the end of the soak, and returns the longest response time in milliseconds. */
async function watchHealth(address: string, tally: SoakTally, end: number): Promise<number> {
  let longest = 0;
  while (performance.now() < end) {
    const started = performance.now();
    const status = await fetch(`${address}/health`).then(async (response) => {
      await response.text();
      return response.status;
    }, (error: Error) => error.message);
    const elapsed = performance.now() - started;
    longest = Math.max(longest, elapsed);
    if (status !== 200) SoakTally.add(tally.errors, `/health: ${status}`);
    if (elapsed > MAX_HEALTH_TIME) {
      SoakTally.add(tally.errors, `/health took more than ${MAX_HEALTH_TIME} ms`);
    }
    await wait(HEALTH_INTERVAL);
  }
  return longest;
}

/** Samples a server's memory, and prints the progress after each tenth of the time. */
async function watchMemory(server: Server, tally: SoakTally, begin: number, end: number): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < SAMPLES) {
    samples.push(server.residentMemory());
    const done = samples.length / SAMPLES;
    if (samples.length % (SAMPLES / 10) === 0) {
      const errors = [...tally.errors.values()].reduce((a, b) => a + b, 0);
      const memory = samples.at(-1)!.toFixed();
      console.log(
        `  ${(100 * done).toFixed()}%: ${tally.requests} requests, ${errors} errors, ${memory} MB`,
      );
    }
    await wait(Math.max(0, begin + done * (end - begin) - performance.now()));
  }
  return samples;
}

/** Soaks the server of one runtime, and returns whether it passed. */
async function soak(runtime: Runtime, minutes: number, clients: number): Promise<boolean> {
  console.log(`${runtime}: ${clients} clients for ${minutes} minutes`);
  const words = readFileSync(NAMES, "utf8").trimEnd().split("\n");
  const server = await RUNTIMES[runtime]();
  try {
    const tally = new SoakTally();
    const begin = performance.now();
    const end = begin + 60_000 * minutes;
    const [samples, longest] = await Promise.all([
      watchMemory(server, tally, begin, end),
      watchHealth(server.address, tally, end),
      ...Array.from(
        { length: clients },
        (_, i) => runClient(new SoakClient(server.address, tally, words, i), end),
      ),
    ]);
    const trend = memoryTrend(samples);
    const table = (counts: Map<string | number, number>) =>
      [...counts].sort(([, a], [, b]) => b - a).map(([what, count]) => `    ${count} ${what}`).join("\n");
    console.log(
      `  ${tally.requests} requests; by kind:\n${table(tally.kinds)}\n  by status:\n${table(tally.statuses)}`,
    );
    console.log(`  /health took ${longest.toFixed()} ms at most\n  ${describeTrend(trend)}`);
    console.log(tally.errors.size === 0 ? "  no errors" : `  ERRORS:\n${table(tally.errors)}`);
    return tally.errors.size === 0 && trend.flat;
  } finally {
    await server.end();
  }
}

function positive(text: string): number {
  if (Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("It must be a number above 0.");
}

const program = new Command("deno task soak")
  .description(
    "Makes requests of every kind to the real servers, from several clients at a time. Fails if an answer is " +
      `wrong, if a server returns an error (except 503 with Retry-After), if /health takes more than ` +
      `${MAX_HEALTH_TIME} ms, or if memory still grows after the first third of the time.`,
  )
  .argument("[minutes]", "duration, for each server", positive, 10)
  .addOption(
    new Option("--runtime <name>", "which server").choices(["deno", "workerd", "both"]).default("both"),
  )
  .option("--clients <number>", "number of clients", positive, 6)
  .exitOverride()
  .showHelpAfterError("(see --help)")
  .action(async (minutes: number, { runtime, clients }: SoakFlags) => {
    const runtimes: Runtime[] = runtime === "both" ? ["deno", "workerd"] : [runtime];
    for (const each of runtimes) if (!await soak(each, minutes, clients)) process.exitCode = 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) console.error(`error: ${(error as Error).message}`);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
}
