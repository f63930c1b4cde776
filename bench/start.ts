import { spawnSync } from "node:child_process";
import process from "node:process";
import type { HeapUsage } from "./heap.ts";
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
import { hasWrk, load } from "./wrk.ts";

const ROUNDS = 5;
const REQUESTS = 100_000;
/** When memory is looked at. */
const MOMENTS = ["at the start", "after 50,000 requests", "after 100,000"];

/** Starting, and memory under load. */
export const start: Bench = {
  title: "start, milliseconds from process start to first answer; memory",
  async run(tell) {
    buildWorkers();
    const findings = [
      await measureStart("workerd", startWorkerd, startBareWorkerd),
      await measureStart("Deno", startDenoServer, startBareDeno),
    ];
    if (!hasWrk) {
      tell("SKIPPED: memory under load, for there is no wrk");
      return findings;
    }
    const { stdout } = spawnSync(process.execPath, ["run", "-A", "bench/wasm_memory.ts"], {
      encoding: "utf8",
    });
    const wasm = Number(stdout);
    for (
      const [runtime, startOurs, startBare] of [
        ["workerd", startWorkerd, startBareWorkerd],
        ["Deno", startDenoServer, startBareDeno],
      ] as const
    ) {
      tell(`${runtime}: ${REQUESTS} requests`);
      const ours = await watchMemory(await startOurs({ inspected: true }), "/generate?n=5");
      const theirs = await watchMemory(await startBare({ inspected: true }), "/1");
      const peer = "a bare Hono route";
      MOMENTS.forEach((moment, i) => {
        const { heap, arrays } = ours.held[i];
        findings.push({
          what: `${runtime}, WebAssembly, heap, arrays ${moment}`,
          unit: "MB",
          ours: spread([wasm + heap + arrays]),
          peer,
          theirs: spread([theirs.held[i].heap + theirs.held[i].arrays]),
          beside: `ours ${wasm.toFixed(0)} + ${heap.toFixed(0)} + ${arrays.toFixed(0)}`,
        }, {
          what: `${runtime}, resident memory ${moment}`,
          unit: "MB",
          ours: spread([ours.resident[i]]),
          peer,
          theirs: spread([theirs.resident[i]]),
        });
      });
    }
    return findings;
  },
};

async function measureStart(
  runtime: string,
  startOurs: () => Promise<Server>,
  startBare: () => Promise<Server>,
): Promise<Finding> {
  const [ours, bare]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [times, startServer] of [[ours, startOurs], [bare, startBare]] as const) {
      const server = await startServer();
      times.push(server.startMilliseconds);
      await server.end();
    }
  }
  const peer = "a bare Hono route";
  return {
    what: `${runtime}, start to first answer`,
    unit: "ms",
    ours: spread(ours),
    peer,
    theirs: spread(bare),
  };
}

/** What a server held at some moments, and its resident memory. */
interface Watched {
  held: HeapUsage[];
  resident: number[];
}

/** Asks 100,000 times, for other names each time, and looks at memory at each of the moments. */
async function watchMemory(server: Server, path: string): Promise<Watched> {
  const watched: Watched = { held: [], resident: [] };
  const look = async () => {
    watched.resident.push(server.residentMemory());
    watched.held.push(await server.heapUsage());
  };
  try {
    await look();
    for (const half of [1, 2]) {
      for (let answered = 0; answered < REQUESTS / 2;) answered += load(server.address + path, 1).answered;
      if (half === 1) await look();
    }
    await look();
    return watched;
  } finally {
    await server.end();
  }
}
