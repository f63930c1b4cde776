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
/** Seconds for which each path is asked before it is measured. */
const WARM_UP = 2;

/** What every request is like: a browser's or curl's, to a server with a token. */
const HEADERS = { accept: "*/*", authorization: `Bearer ${TOKEN}` };
const QUERY = "?name=andrej&model=mlp";

/**
 * Our code beside Hono's middleware, piece by piece, on a route that answers a constant as long as that of
 * `/score?name=andrej`. What is compared is the CPU time of the server's process: it hardly changes with what else the
 * machine does, as requests a second do. How much of a whole request a difference is, the real server's `/score` says.
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
      // Other programs only ever add to a process's CPU time, for they evict its caches: the least is the truest.
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

/** Microseconds of CPU time that a server takes for a request. */
function cost(server: Server, url: string): number {
  const before = server.cpuSeconds();
  const { answered } = load(url, SECONDS, HEADERS);
  return 1e6 * (server.cpuSeconds() - before) / answered;
}
