import { spawnSync } from "node:child_process";
import type { Bench, Finding } from "./measure.ts";
import { spread } from "./measure.ts";
import {
  buildWorkers,
  type Server,
  startBareDeno,
  startBareWorkerd,
  startDenoServer,
  startWorkerd,
} from "./servers.ts";

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;

/** What is asked, and the bare route whose answer is as long. */
const QUESTIONS = [
  ["/generate?n=1", "/generate?model=mlp&n=1", "/1"],
  ["/generate?n=20", "/generate?model=mlp&n=20", "/20"],
  ["/score?name=andrej", "/score?model=mlp&name=andrej", "/score"],
  ["/generate?n=20, the default model", "/generate?n=20", "/20"],
] as const;

/** One load on one server. */
interface Load {
  requests: number;
  p50: string;
  p99: string;
}

/** HTTP, with wrk, on the real servers. */
export const http: Bench = {
  title: `HTTP, wrk with ${CONNECTIONS} connections for ${SECONDS} s, ${ROUNDS} alternating rounds`,
  async run(tell) {
    if (spawnSync("wrk", ["-v"]).error) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    buildWorkers();
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
    for (const [what, path, barePath] of QUESTIONS) {
      load(ours.address + path, 2); // warm
      load(bare.address + barePath, 1);
      const rounds = Array.from({ length: ROUNDS }, () => ({
        ours: load(ours.address + path, SECONDS),
        bare: load(bare.address + barePath, SECONDS),
      }));
      const { p50, p99 } = rounds[ROUNDS - 1].ours;
      const bareLast = rounds[ROUNDS - 1].bare;
      tell(`${runtime} ${what}: p50 ${p50}, p99 ${p99}; bare p50 ${bareLast.p50}, p99 ${bareLast.p99}`);
      findings.push({
        what: `${runtime} ${what}`,
        unit: "requests/s",
        ours: spread(rounds.map((round) => round.ours.requests)),
        peer: "a bare Hono route, a body as long",
        theirs: spread(rounds.map((round) => round.bare.requests)),
      });
    }
  } finally {
    await Promise.all([ours.end(), bare.end()]);
  }
  return findings;
}

function load(url: string, seconds: number): Load {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--latency", url];
  const { stdout } = spawnSync("wrk", args, { encoding: "utf8" });
  const read = (pattern: RegExp) => pattern.exec(stdout)?.[1] ?? "?";
  if (/Non-2xx/.test(stdout)) throw new Error(`Cannot measure ${url}: it answers with errors\n${stdout}`);
  return {
    requests: Number(read(/Requests\/sec:\s+([\d.]+)/)),
    p50: read(/50%\s+(\S+)/),
    p99: read(/99%\s+(\S+)/),
  };
}
