import { CountedCache } from "./cache_cost.ts";
import { requestModels } from "./http_models.ts";
import type { Bench, Finding } from "./measure.ts";
import { spread } from "./measure.ts";
import { chooseModels, openModel } from "./models.ts";
import {
  buildWorkers,
  type Server,
  startBareDeno,
  startBareWorkerd,
  startDenoServer,
  startWorkerd,
} from "./servers.ts";
import { CONNECTIONS, hasWrk, type Load, load } from "./wrk.ts";

const ROUNDS = 5;
const SECONDS = 2;

/** Requests before a measurement, after which the cache of the default model is full. */
const WARM_UP_REQUESTS = 10_000;
/** Requests that the hit rate is measured with. */
const MEASURED_REQUESTS = 500;

/** What is measured, its path, and the bare route with a body of the same length. */
const ROUTES = [
  ["/generate?n=1", "/generate?model=mlp&n=1", "/1"],
  ["/generate?n=20", "/generate?model=mlp&n=20", "/20"],
  ["/score?name=andrej", "/score?model=mlp&name=andrej", "/score"],
  ["/generate?n=20, the default model", "/generate?n=20", "/20"],
] as const;

/** Requests per second of the real servers. */
export const http: Bench = {
  title: `HTTP, wrk with ${CONNECTIONS} connections for ${SECONDS} s, ${ROUNDS} alternating rounds`,
  async run(tell, options, show) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    const chosen = await chooseModels(options, tell);
    try {
      buildWorkers(chosen.directory);
      await requestModels(chosen, tell, show);
    } finally {
      await chosen.remove();
    }
    if (chosen.named) return [];
    buildWorkers();
    const counted = new CountedCache(await openModel("gru"));
    await counted.serve(WARM_UP_REQUESTS);
    const hitRate = (100 * (await counted.serve(MEASURED_REQUESTS)).hitRate).toFixed(0);
    tell(`the hit rate of the default model's cache is ${hitRate}% after ${WARM_UP_REQUESTS} requests`);
    return [
      ...await measure("workerd", await startWorkerd(), await startBareWorkerd(), tell),
      ...await measure("Deno", await startDenoServer(), await startBareDeno(), tell),
    ];
  },
};

async function measure(
  runtime: string,
  ours: Server,
  bare: Server,
  tell: (text: string) => void,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  try {
    for (const [what, path, barePath] of ROUTES) {
      for (let answered = 0; answered < WARM_UP_REQUESTS;) answered += load(ours.address + path, 1).answered;
      load(bare.address + barePath, 1);
      load(`${bare.address}/headers${barePath}`, 1);
      const rounds = Array.from({ length: ROUNDS }, () => ({
        ours: load(ours.address + path, SECONDS),
        bare: load(bare.address + barePath, SECONDS),
        withHeaders: load(`${bare.address}/headers${barePath}`, SECONDS),
      }));
      tell(`${runtime} ${what}`);
      const told = ({ p50, p99 }: Load) => `p50 ${p50}, p99 ${p99}`;
      const last = rounds[ROUNDS - 1];
      const peers = [
        ["bare", "a bare Hono route, a body of the same length"],
        ["withHeaders", "a bare Hono route, a body of the same length and as many headers"],
      ] as const;
      for (const [name, peer] of peers) {
        findings.push({
          what: `${runtime} ${what}`,
          unit: "requests/s",
          ours: spread(rounds.map((round) => round.ours.requests)),
          peer,
          theirs: spread(rounds.map((round) => round[name].requests)),
          note: `ours ${told(last.ours)}, theirs ${told(last[name])}`,
        });
      }
    }
  } finally {
    await Promise.all([ours.end(), bare.end()]);
  }
  return findings;
}
