import { resolve } from "node:path";
import { type Bench, spread } from "./measure.ts";
import { buildWorkers, type Server, startWorkerdWithLimit } from "./servers.ts";
import { hasWrk, load } from "./wrk.ts";

const ROUNDS = 12;
const SECONDS = 1;
/** Seconds of requests before the measurement. */
const WARM_UP = 2;
const PATH = "/score?name=andrej";
/** More requests than are made here. */
const STRICT = "strict:100000/1s";

/**
 * Compares the CPU time of a request that a Durable Object counts with that of one which nothing counts. The object is in the same
 * process: on Cloudflare a round trip to its location comes on top. Cloudflare's rate limiting binding cannot be measured here, since
 * workerd has none.
 */
export const rateLimit: Bench = {
  title:
    `A strict rate limit in workerd, CPU time a request, wrk for ${SECONDS} s, ${ROUNDS} alternating rounds`,
  async run(tell) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    buildWorkers();
    // One after the other: both configurations have the same file.
    const strict = await startWorkerdWithLimit(STRICT, resolve("build/limit/strict"));
    const none = await startWorkerdWithLimit("off", resolve("build/limit/none"));
    try {
      for (const { address } of [strict, none]) load(address + PATH, WARM_UP);
      const rounds = Array.from({ length: ROUNDS }, () => ({ strict: cost(strict), none: cost(none) }));
      return [{
        what: PATH,
        unit: "µs CPU a request",
        ours: spread(rounds.map((round) => round.strict)),
        peer: "no limit",
        theirs: spread(rounds.map((round) => round.none)),
      }];
    } finally {
      await Promise.all([strict.end(), none.end()]);
    }
  },
};

/** CPU time of a server per request, in microseconds. */
function cost(server: Server): number {
  const before = server.cpuSeconds();
  const { answered } = load(server.address + PATH, SECONDS);
  return 1e6 * (server.cpuSeconds() - before) / answered;
}
