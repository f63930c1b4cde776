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
const REQUESTS = 100_000;
const AT_ONCE = 64;

/** Starting, and memory under load. */
export const start: Bench = {
  title: "start, milliseconds from process start to first answer; memory",
  async run(tell) {
    buildWorkers();
    const findings = [
      await measureStart("workerd", startWorkerd, startBareWorkerd),
      await measureStart("Deno", startDenoServer, startBareDeno),
    ];
    for (const [runtime, startServer] of [["workerd", startWorkerd], ["Deno", startDenoServer]] as const) {
      await watchMemory(runtime, await startServer(), tell);
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

/** Asks 100,000 times, with another seed and another temperature each time, and looks at resident memory. */
async function watchMemory(runtime: string, server: Server, tell: (text: string) => void): Promise<void> {
  try {
    const figures = [server.residentMemory()];
    for (const half of [0, 1]) {
      for (let i = 0; i < REQUESTS / 2; i += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, async (_, k) => {
          const seed = half * REQUESTS + i + k;
          await (await fetch(`${server.address}/generate?n=5&seed=${seed}`)).arrayBuffer();
        }));
      }
      figures.push(server.residentMemory());
    }
    const [begin, middle, end] = figures.map((megabytes) => megabytes.toFixed(0));
    tell(
      `${runtime} resident memory: ${begin} MB at the start, ${middle} after 50,000 requests, ${end} after 100,000`,
    );
  } finally {
    await server.end();
  }
}
