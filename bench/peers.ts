import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { readModel } from "../functions/inference/model_directory.ts";
import { parseModelCard } from "../shared/model_card.ts";
import { modelFileNames } from "../shared/model_files.ts";
import { readParameters } from "../trainer/onnx/import.ts";
import type { Bench, ModelRow } from "./measure.ts";
import { findPython } from "./python.ts";
import { buildWorkers, type Server, startDenoServer, startPeer, startWorkerd } from "./servers.ts";
import { CONNECTIONS, hasWrk, load } from "./wrk.ts";

/** The committed models that all of them serve. */
const MODELS = ["mlp", "gru"];
/** The names of a request. */
const NAMES = 20;
/** How long a server is measured with one connection, and then with several, in seconds. */
const SECONDS = 2;
/** How long a server is warmed up, in seconds. A peer remembers nothing, so only its code gets warm. */
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

/**
 * edgemore beside the servers that one would write instead, which make names of the same models and remember nothing: a call of
 * ONNX Runtime or PyTorch for each character of a name, or of all names of a request together.
 */
export const peers: Bench = {
  title: `${NAMES} names over HTTP from edgemore, and from what one would write instead`,
  async run(tell, _options, show) {
    if (!hasWrk) {
      tell("SKIPPED: there is no wrk");
      return [];
    }
    buildWorkers();
    const rows: ModelRow[] = [];
    for (const { name, start, needs, query = "", warmUp } of await candidates()) {
      if (start === undefined) {
        tell(`SKIPPED: ${name}, because there is no ${needs}`);
        continue;
      }
      for (const model of MODELS) {
        tell(`${model}: ${name}`);
        const path = `/generate?model=${model}&n=${NAMES}${query}`;
        rows.push({ model: `${model}: ${name}`, ...await measure(start, path, warmUp) });
      }
    }
    show(
      `one connection: latency, and milliseconds of CPU a request; ${CONNECTIONS}: requests a second`,
      rows.sort((a, b) => MODELS.indexOf(a.model.slice(0, 3)) - MODELS.indexOf(b.model.slice(0, 3))),
    );
    return [];
  },
};

/** Each measurement is of a server of its own, since a server that has just started is not cold for long. */
async function measure(
  start: () => Promise<Server>,
  path: string,
  warmUp: number,
): Promise<Record<string, number | string>> {
  const [one, several] = [await from(start, path, warmUp, 1), await from(start, path, warmUp, CONNECTIONS)];
  return { "p50": one.p50, "p99": one.p99, "CPU": one.cpu, "requests/s": several.requests };
}

async function from(
  start: () => Promise<Server>,
  path: string,
  warmUp: number,
  connections: number,
): Promise<{ p50: string; p99: string; requests: number; cpu: number }> {
  const server = await start();
  try {
    await ready(server.address + path);
    if (warmUp > 0) load(server.address + path, warmUp);
    const before = server.cpuSeconds();
    const { p50, p99, requests, answered } = load(server.address + path, SECONDS, {}, connections);
    return { p50, p99, requests, cpu: 1000 * (server.cpuSeconds() - before) / answered };
  } finally {
    await server.end();
  }
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
