import { cpus } from "node:os";
import type { Bench, ModelRow } from "./measure.ts";
import { spread } from "./measure.ts";
import { type Server, startDenoProcesses } from "./servers.ts";
import { CONNECTIONS, hasWrk, load } from "./wrk.ts";

/** How many processes there are. */
const COUNTS = [1, 2];
const PATHS = ["/generate?model=mlp&n=1", "/generate?model=mlp&n=20", "/score?model=mlp&name=andrej"];
const ROUNDS = 5;
const SECONDS = 1;
/** Seconds of requests to each path before the measurement, in which all processes open their models. */
const WARM_UP = 3;

/** Requests a second of several processes of the Deno server at one port. wrk takes up to a core itself. */
export const processes: Bench = {
  title: `Deno in ${
    COUNTS.join(" and ")
  } processes, wrk with ${CONNECTIONS} connections, ${ROUNDS} alternating rounds`,
  async run(tell, _options, show) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    const groups = new Map<number, Server[]>();
    try {
      for (const count of COUNTS) groups.set(count, await startDenoProcesses(count));
      for (const [{ address }] of groups.values()) for (const path of PATHS) load(address + path, WARM_UP);
      const rows: ModelRow[] = [];
      for (const path of PATHS) {
        const rounds = Array.from(
          { length: ROUNDS },
          () => COUNTS.map((count) => measure(groups.get(count)!, path)),
        );
        COUNTS.forEach((count, i) =>
          rows.push({
            model: path,
            "processes": count,
            "requests/s": spread(rounds.map((round) => round[i].requests)).median,
            "µs CPU a request": spread(rounds.map((round) => round[i].cpu)).median,
          })
        );
      }
      show(`requests a second by number of processes, on ${cpus().length} cores`, rows);
    } finally {
      for (const server of [...groups.values()].flat()) await server.end();
    }
    return [];
  },
};

function measure(servers: readonly Server[], path: string): { requests: number; cpu: number } {
  const seconds = () => servers.reduce((sum, server) => sum + server.cpuSeconds(), 0);
  const before = seconds();
  const { requests, answered } = load(servers[0].address + path, SECONDS);
  return { requests, cpu: 1e6 * (seconds() - before) / answered };
}
