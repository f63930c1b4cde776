import { readFileSync } from "node:fs";
import { NameStream } from "../shared/random/name_stream.ts";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { latencies, percentile } from "./latency.ts";
import type { ModelRow } from "./measure.ts";
import type { ChosenModels } from "./models.ts";
import { type Server, startDenoServer, startWorkerd } from "./servers.ts";
import { load } from "./wrk.ts";

/** Requests to a server that has just started, and to one that is warm, of which each has a seed of its own. */
const COLD_REQUESTS = 100;
const WARM_REQUESTS = 300;
/** Requests that warm a cache up; no more after so many seconds. */
const WARM_UP_REQUESTS = 3000;
const WARM_UP_SECONDS = 8;
/** How long wrk measures requests a second, in seconds. */
const SECONDS = 2;
/** Names that are scored. */
const SCORES = 500;

/**
 * Measures models on the real servers: 20 names from a server that has just started and from a warm one, and the score of names
 * that nobody has asked for. Latencies are of one connection; requests a second of several.
 *
 * @param show Is called with the rows of a runtime.
 */
export async function requestModels(
  { directory, names }: ChosenModels,
  tell: (text: string) => void,
  show: (title: string, rows: readonly ModelRow[]) => void,
): Promise<void> {
  const runtimes: [string, () => Promise<Server>][] = [
    ["workerd", startWorkerd],
    ["Deno", () => startDenoServer({}, directory)],
  ];
  for (const [runtime, start] of runtimes) {
    const server = await start();
    const rows: ModelRow[] = [];
    try {
      for (const name of names) {
        tell(`${runtime}: ${name}`);
        rows.push(await measure(server, name));
      }
    } finally {
      await server.end();
    }
    show(`${runtime}, in milliseconds, requests a second, and milliseconds of CPU a request`, rows);
  }
}

async function measure(server: Server, model: string): Promise<ModelRow> {
  const { address } = server;
  let seed = 1;
  const names20 = (count: number) =>
    Array.from({ length: count }, () => `/generate?n=20&model=${model}&seed=${seed++}`);
  await ready(address, model);
  const cold = await latencies(address, names20(COLD_REQUESTS));
  const started = performance.now();
  for (let answered = 0; answered < WARM_UP_REQUESTS;) {
    answered += load(`${address}/generate?n=20&model=${model}`, 1).answered;
    if (performance.now() - started > 1000 * WARM_UP_SECONDS) break;
  }
  const cpu = server.cpuSeconds();
  const { requests, answered } = load(`${address}/generate?n=20&model=${model}`, SECONDS);
  const generateCpu = (1000 * (server.cpuSeconds() - cpu)) / answered;
  const warm = await latencies(address, names20(WARM_REQUESTS));
  const random = randomNames(SCORES);
  const score = (name: string) => `/score?model=${model}&name=${name}`;
  const before = server.cpuSeconds();
  const scores = await latencies(address, random.map(score));
  const scoreCpu = (1000 * (server.cpuSeconds() - before)) / SCORES;
  const known = await latencies(address, random.map(() => score(random[SCORES - 1])));
  return {
    model,
    "n=20 cold p50": percentile(cold, 50),
    "p99": percentile(cold, 99),
    "n=20/s cold": (1000 * cold.length) / cold.reduce((a, b) => a + b),
    "n=20 warm p50": percentile(warm, 50),
    "p99 ": percentile(warm, 99),
    "n=20/s warm": requests,
    "CPU": generateCpu,
    "/score cold p50": percentile(scores, 50),
    "p99  ": percentile(scores, 99),
    "CPU ": scoreCpu,
    "/score known p50": percentile(known, 50),
  };
}

/** Waits until a model is open. */
async function ready(address: string, model: string): Promise<void> {
  while (true) {
    const response = await fetch(`${address}/score?model=${model}&name=a`);
    const text = await response.text();
    if (response.ok) return;
    if (!response.headers.has("retry-after")) throw new Error(`Cannot measure ${model}: it answers ${text}`);
  }
}

/** Names of random letters, as long as those of the list: their beginnings are in no cache beyond a few letters. */
function randomNames(count: number): string[] {
  const lengths = readFileSync(DEFAULT_LIST, "utf8").trim().split("\n").map((name) => name.length);
  const stream = new NameStream(7, 0);
  const below = (limit: number) => Math.floor(limit * stream.uniform());
  return Array.from(
    { length: count },
    () =>
      Array.from({ length: lengths[below(lengths.length)] }, () => "abcdefghijklmnopqrstuvwxyz"[below(26)])
        .join(""),
  );
}
