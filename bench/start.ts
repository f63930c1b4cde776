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
/** When memory is measured. */
const MOMENTS = ["at the start", "after 50,000 requests", "after 100,000"];

/** Start time of the servers, and their memory under load. */
export const start: Bench = {
  title: "start, milliseconds from process start to first answer; memory",
  async run(tell) {
    buildWorkers();
    const findings = [
      await measureStart("workerd", startWorkerd, startBareWorkerd),
      await measureStart("Deno", startDenoServer, startBareDeno),
    ];
    if (!hasWrk) {
      tell("SKIPPED: memory under load, because wrk is not installed");
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
      const ours = await measureMemory(await startOurs({ inspected: true }), "/generate?n=5");
      const theirs = await measureMemory(await startBare({ inspected: true }), "/1");
      const peer = "a bare Hono route";
      MOMENTS.forEach((moment, i) => {
        const { heap, arrays } = ours.heap[i];
        findings.push({
          what: `${runtime}, WebAssembly, heap, arrays ${moment}`,
          unit: "MB",
          ours: spread([wasm + heap + arrays]),
          peer,
          theirs: spread([theirs.heap[i].heap + theirs.heap[i].arrays]),
          note: `ours ${wasm.toFixed(0)} + ${heap.toFixed(0)} + ${arrays.toFixed(0)}`,
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

/** The memory of a server at each of the {@link MOMENTS}; resident memory is in MB. */
interface MemorySamples {
  heap: HeapUsage[];
  resident: number[];
}

/** Makes 100,000 requests without a seed, and measures memory before, in the middle and after. */
async function measureMemory(server: Server, path: string): Promise<MemorySamples> {
  const samples: MemorySamples = { heap: [], resident: [] };
  const measure = async () => {
    samples.resident.push(server.residentMemory());
    samples.heap.push(await server.heapUsage());
  };
  try {
    await measure();
    for (let half = 0; half < 2; half++) {
      for (let answered = 0; answered < REQUESTS / 2;) answered += load(server.address + path, 1).answered;
      await measure();
    }
    return samples;
  } finally {
    await server.end();
  }
}
