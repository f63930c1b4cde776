import { build } from "esbuild";
import type { Bench, Finding } from "./measure.ts";
import { spread } from "./measure.ts";
import { PIECE_NAMES, TOKEN } from "./middleware_pieces.ts";
import {
  buildWorkers,
  type Server,
  startDenoServer,
  startMiddlewareDeno,
  startMiddlewareWorkerd,
  startWorkerd,
} from "./servers.ts";
import { hasWrk, load } from "./wrk.ts";

const ROUNDS = 15;
const SECONDS = 1;
/** Seconds of requests to each path before the measurement. */
const WARM_UP = 2;

/** Headers of each request: what curl and browsers accept, and a bearer token. */
const HEADERS = { accept: "*/*", authorization: `Bearer ${TOKEN}` };
const QUERY = "?name=andrej&model=mlp";

/**
 * Compares our code with Hono's middleware for the same, on a route whose constant body is as long as that of
 * `/score?name=andrej`. It measures the CPU time of the server's process, which varies less than requests per second if other
 * programs are running, and prints the difference as a share of the CPU time of `/score?name=andrej` on the real server.
 */
export const middleware: Bench = {
  title: `Middleware, CPU time a request, wrk for ${SECONDS} s, ${ROUNDS} alternating rounds`,
  async run(tell) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    buildWorkers();
    await build({
      entryPoints: ["bench/middleware_worker.ts"],
      outdir: "build/middleware",
      bundle: true,
      format: "esm",
      minify: true,
      logLevel: "error",
    });
    return [
      ...await measure("workerd", await startWorkerd(), await startMiddlewareWorkerd(), tell),
      ...await measure("Deno", await startDenoServer(), await startMiddlewareDeno(), tell),
    ];
  },
};

async function measure(
  runtime: string,
  whole: Server,
  server: Server,
  tell: (text: string) => void,
): Promise<Finding[]> {
  try {
    const wholeUrl = `${whole.address}/score${QUERY}`;
    const urls = PIECE_NAMES.map((_, i) =>
      [`/ours/${i}`, `/hono/${i}`].map((path) => server.address + path + QUERY)
    );
    for (const url of [wholeUrl, ...urls.flat()]) load(url, WARM_UP, HEADERS);
    const rounds = Array.from({ length: ROUNDS }, () => ({
      whole: cost(whole, wholeUrl),
      pieces: urls.map(([ours, hono]) => ({ ours: cost(server, ours), hono: cost(server, hono) })),
    }));
    const ofWhole = spread(rounds.map((round) => round.whole)).min;
    tell(`${runtime}: /score?name=andrej takes ${ofWhole.toFixed(1)} µs`);
    return PIECE_NAMES.map((name, i) => {
      const costs = rounds.map((round) => round.pieces[i]);
      const [ours, theirs] = [spread(costs.map(({ ours }) => ours)), spread(costs.map(({ hono }) => hono))];
      // Other programs only add to a process's CPU time, by evicting its caches, so the least of the rounds is used.
      const share = (100 * (theirs.min - ours.min) / ofWhole).toFixed(1);
      const beside = `at their least Hono's costs ${share}% of a /score more`;
      tell(`${name}: ${beside}`);
      return {
        what: `${runtime} ${name}`,
        unit: "µs CPU a request",
        ours,
        peer: "Hono's middleware",
        theirs,
        beside,
      };
    });
  } finally {
    await Promise.all([whole.end(), server.end()]);
  }
}

/** CPU time of a server per request, in microseconds. */
function cost(server: Server, url: string): number {
  const before = server.cpuSeconds();
  const { answered } = load(url, SECONDS, HEADERS);
  return 1e6 * (server.cpuSeconds() - before) / answered;
}
