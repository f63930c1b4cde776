import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { DEFAULT_LIST } from "../trainer/list_file.ts";
import { alternate, type Bench, type Finding } from "./measure.ts";
import { buildWorkers, type Server, startDenoServer, startWorkerd } from "./servers.ts";

const ROUNDS = 3;
const LINES = 100_000;
/** Ten times as many, to see whether memory grows with the number of lines. They are more than may have their characters described. */
const MANY_LINES = 1_000_000;
/** The number of single requests, enough to measure their rate. */
const REQUESTS = 10_000;
/** How many single requests are open at a time. */
const CONCURRENCY = 16;
/** Milliseconds between two measurements of memory. */
const MEMORY_INTERVAL = 100;

const names = readFileSync(DEFAULT_LIST, "utf8").trim().split("\n");

/** Scoring many names over HTTP, in one request and in single requests. */
export const bulk: Bench = {
  title: `POST /score, ${LINES.toLocaleString("en")} lines in one request, on the real servers`,
  async run(tell) {
    buildWorkers();
    return [
      ...await measure("workerd", startWorkerd, tell),
      ...await measure("Deno", startDenoServer, tell),
    ];
  },
};

async function measure(
  runtime: string,
  startServer: () => Promise<Server>,
  tell: (text: string) => void,
): Promise<Finding[]> {
  await watchMemory(runtime, await startServer(), tell);
  const server = await startServer();
  const findings: Finding[] = [];
  try {
    for (const model of ["mlp", "gru"]) {
      const post = (query: string) => postRate(server, `model=${model}&${query}`, LINES);
      await post("characters=true"); // warm
      const rates = await alternate(ROUNDS, {
        characters: () => post("characters=true"),
        short: () => post("characters=false"),
        single: () => getRate(server, model),
      });
      const peer = { unit: "lines/s", peer: `GET /score, ${CONCURRENCY} at a time`, theirs: rates.single };
      findings.push(
        { what: `${runtime}, ${model}, with characters`, ours: rates.characters, ...peer },
        { what: `${runtime}, ${model}, characters=false`, ours: rates.short, ...peer },
      );
    }
  } finally {
    await server.end();
  }
  return findings;
}

/** Measures the resident memory of a new server while it scores 100,000 lines without their characters, and then 1,000,000. */
async function watchMemory(runtime: string, server: Server, tell: (text: string) => void): Promise<void> {
  try {
    for (const lines of [LINES, MANY_LINES]) {
      const before = server.residentMemory();
      let max = before;
      const timer = setInterval(() => max = Math.max(max, server.residentMemory()), MEMORY_INTERVAL);
      await postRate(server, "characters=false", lines).finally(() => clearInterval(timer));
      const [first, peak, after] = [before, max, server.residentMemory()].map((mb) => mb.toFixed(0));
      tell(
        `${runtime} resident memory, ${lines.toLocaleString("en")} lines: ` +
          `${first} MB before, at most ${peak} during the request, ${after} after`,
      );
    }
  } finally {
    await server.end();
  }
}

/** Lines a second of one request, which reads the answers while it sends the lines. */
async function postRate(server: Server, query: string, lines: number): Promise<number> {
  const started = performance.now();
  let answers = 0;
  await new Promise<void>((resolve, reject) => {
    const sent = request(`${server.address}/score?${query}`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
    });
    sent.on("error", reject).on("response", (response) => {
      response.on("error", reject).on("end", resolve).on("data", (chunk: Buffer) => {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) answers++;
      });
    });
    void (async () => {
      for (let line = 0; line < lines; line += 1000) {
        const some = Array.from(
          { length: Math.min(1000, lines - line) },
          (_, i) => names[(line + i) % names.length],
        );
        if (!sent.write(`${some.join("\n")}\n`)) await new Promise((resolve) => sent.once("drain", resolve));
      }
      sent.end();
    })();
  });
  if (answers !== lines) throw new Error(`Sent ${lines} lines, but received ${answers} answers`);
  return (1000 * lines) / (performance.now() - started);
}

/** Names a second of single requests, {@link CONCURRENCY} at a time. */
async function getRate({ address }: Server, model: string): Promise<number> {
  const started = performance.now();
  let next = 0;
  await Promise.all(Array.from({ length: CONCURRENCY }, async () => {
    while (next < REQUESTS) {
      const name = names[next++ % names.length];
      await (await fetch(`${address}/score?model=${model}&name=${name}`)).arrayBuffer();
    }
  }));
  return (1000 * REQUESTS) / (performance.now() - started);
}
