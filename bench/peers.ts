import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { readModel } from "../functions/inference/model_directory.ts";
import { parseModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { readParameters } from "../trainer/onnx/import.ts";
import { type Bench, type ModelRow, spread } from "./measure.ts";
import { findPython } from "./python.ts";
import { buildWorkers, type Server, startDenoServer, startPeer, startWorkerd } from "./servers.ts";
import { CONNECTIONS, hasWrk, load, milliseconds } from "./wrk.ts";

/** The committed models that all of them serve. */
const MODELS = ["mlp", "gru"];
/** The names of a request. */
const NAMES = 20;
const ROUNDS = 3;
/** How long a server is measured in a round with one connection, and then with several, in seconds. */
const SECONDS = 1;
/** How long each model of a server is warmed up, in seconds. A peer remembers nothing, so only its code gets warm. */
const WARM_UP = 5;
const PEER_WARM_UP = 1;

/** A server to measure. */
interface Candidate {
  name: string;
  /** Starts it; undefined if this machine has not what it needs. */
  start?: () => Promise<Server>;
  needs?: string;
  /** Query parameters that it has in addition. */
  query?: string;
  /** Seconds of requests before it is measured; 0: from its start. */
  warmUp: number;
}

/** A candidate of which there is what it needs. */
type Started = Required<Pick<Candidate, "name" | "start">> & Candidate & {
  /** The server, if one is measured in all rounds. */
  server?: Server;
};

/** What is measured of a server in a round: latencies in milliseconds. */
interface Round {
  p50: number;
  p99: number;
  /** Milliseconds of CPU time a request. */
  cpu: number;
  requests: number;
}

/**
 * edgemore beside the servers that one would write instead, which make names of the same models and remember nothing: a call of
 * ONNX Runtime or PyTorch for each character of a name, or of all names of a request together.
 */
export const peers: Bench = {
  title:
    `${NAMES} names over HTTP from edgemore, and from what one would write instead, ${ROUNDS} alternating rounds`,
  async run(tell, _options, show) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    buildWorkers();
    const started: Started[] = [];
    try {
      for (const candidate of await candidates()) {
        const { name, start, needs, warmUp } = candidate;
        if (start === undefined) {
          tell(`SKIPPED: ${name}, because there is no ${needs}`);
          continue;
        }
        tell(`starting ${name}`);
        const server = warmUp > 0 ? await start() : undefined;
        started.push({ ...candidate, start, server });
        for (const model of server ? MODELS : []) {
          await warm(server!.address + pathOf(model, candidate), warmUp);
        }
      }
      const rows: ModelRow[] = [];
      for (const model of MODELS) {
        const rounds: Round[][] = [];
        while (rounds.length < ROUNDS) {
          tell(`${model}, round ${rounds.length + 1}`);
          const round: Round[] = [];
          for (const candidate of started) round.push(await measure(candidate, pathOf(model, candidate)));
          rounds.push(round);
        }
        started.forEach(({ name }, i) => {
          const median = (key: keyof Round) => spread(rounds.map((round) => round[i][key])).median;
          rows.push({
            model: `${model}: ${name}`,
            "p50": median("p50"),
            "p99": median("p99"),
            "CPU": median("cpu"),
            "requests/s": median("requests"),
          });
        });
      }
      show(`milliseconds a request with one connection, and requests a second with ${CONNECTIONS}`, rows);
    } finally {
      for (const { server } of started) await server?.end();
    }
    return [];
  },
};

function pathOf(model: string, { query = "" }: Candidate): string {
  return `/generate?model=${model}&n=${NAMES}${query}`;
}

/** Measures a round. A candidate without a running server is started for each load: it is not cold for long. */
async function measure({ start, server }: Started, path: string): Promise<Round> {
  const loadOf = async (connections: number) => {
    const measured = server ?? await start();
    try {
      if (server === undefined) await ready(measured.address + path);
      const before = measured.cpuSeconds();
      const result = load(measured.address + path, SECONDS, {}, connections);
      return { ...result, cpu: 1000 * (measured.cpuSeconds() - before) / result.answered };
    } finally {
      if (server === undefined) await measured.end();
    }
  };
  const [{ p50, p99, cpu }, { requests }] = [await loadOf(1), await loadOf(CONNECTIONS)];
  return { p50: milliseconds(p50), p99: milliseconds(p99), cpu, requests };
}

async function warm(url: string, seconds: number): Promise<void> {
  await ready(url);
  load(url, seconds);
}

/** Waits until a server's model is open. */
async function ready(url: string): Promise<void> {
  while (true) {
    const response = await fetch(url);
    const text = await response.text();
    if (response.ok) return;
    if (!response.headers.has("retry-after")) throw new Error(`Cannot measure ${url}: it answers ${text}`);
  }
}

/** What is compared. */
async function candidates(): Promise<Candidate[]> {
  const files = await modelFiles();
  const ours = [["workerd", () => startWorkerd()], ["Deno", () => startDenoServer()]] as const;
  const onnxPython = findPython("onnxruntime", "numpy", "fastapi", "uvicorn");
  const torchPython = findPython("torch", "fastapi", "uvicorn");
  const inPython = (python: string | undefined, program: string, extension: "onnx" | "parameters") => {
    const args = files.map((file) => `${file.name}=${file[extension]}`);
    return python === undefined ? undefined : () => startPeer(python, [`bench/peers/${program}`, ...args]);
  };
  const theirs = [
    {
      name: "onnxruntime-web, Hono on Deno",
      start: () => startPeer(process.execPath, ["run", "-A", "bench/peers/onnxruntime_web.ts", ...MODELS]),
    },
    {
      name: "onnxruntime, FastAPI",
      needs: "python3 with onnxruntime, numpy, fastapi and uvicorn",
      start: inPython(onnxPython, "onnxruntime_fastapi.py", "onnx"),
    },
    {
      name: "makemore in PyTorch, FastAPI",
      needs: "python3 with torch, fastapi and uvicorn",
      start: inPython(torchPython, "makemore_fastapi.py", "parameters"),
    },
  ];
  return [
    ...ours.flatMap(([runtime, start]) => [
      { name: `edgemore on ${runtime}, just started`, start, warmUp: 0 },
      { name: `edgemore on ${runtime}, warm`, start, warmUp: WARM_UP },
    ]),
    ...theirs.flatMap((peer) => [
      { ...peer, name: `${peer.name}, name after name`, query: "&batch=1", warmUp: PEER_WARM_UP },
      { ...peer, name: `${peer.name}, all names together`, warmUp: PEER_WARM_UP },
    ]),
  ];
}

/** The models' ONNX files, and their parameters in JSON for those who read no ONNX. */
async function modelFiles(): Promise<{ name: string; onnx: string; parameters: string }[]> {
  return await Promise.all(MODELS.map(async (name) => {
    const { card, onnx } = await readModel("models", name);
    const parameters = join("build", "peers", `${name}.json`);
    const entries = Object.entries(readParameters(onnx!)).filter(([name]) => name !== "no_recurrent_bias");
    const plain = entries.map(([name, { shape, values }]) => [name, { shape, values: [...values] }]);
    await mkdir(dirname(parameters), { recursive: true });
    await writeFile(parameters, JSON.stringify(Object.fromEntries(plain)));
    return {
      name,
      onnx: join("models", modelFileNames(name, parseModelCard(card)).onnx.versioned),
      parameters,
    };
  }));
}
