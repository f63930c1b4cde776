import { setTimeout as wait } from "node:timers/promises";
import { check, type SoakClient } from "./soak_client.ts";

/** What clients ask for, by name: how often beside the others, and how. */
export interface Traffic {
  weight: number;
  ask(client: SoakClient): Promise<void>;
}

interface Names {
  seed: number;
  names: { name: string; nll: number | null; perplexity: number | null }[];
  shortfall?: string;
}
interface Score {
  name: string;
  nll: number | null;
  perplexity: number | null;
  characters?: unknown[];
}

const MODELS = ["tuned", "mlp", "bigram"];
/** Parameters of `/generate` that a client adds. */
const SHAPES = [
  ...["", "&temperature=0.7", "&temperature=1.5&min_length=6", "&top_k=8", "&top_p=0.9", "&prefix=ma"],
  ...[
    "&unique=true",
    "&novel=true&unique=true",
    "&max_length=5",
    "&compat=torch",
    "&compat=torch&top_p=0.95",
  ],
];
/** Statuses that say that a request is too much work. */
const TOO_MUCH = [413, 422];

const generatePath = (client: SoakClient, n: number): string =>
  `/generate?n=${n}&seed=${client.number(1e6)}&model=${client.pick(MODELS)}${client.pick(SHAPES)}`;

const posted = (body: BodyInit, type: string, accept = "*/*"): RequestInit => {
  return { method: "POST", body, headers: { "content-type": type, accept } };
};

const jsonBody = (names: readonly string[], accept?: string): RequestInit =>
  posted(JSON.stringify(names), "application/json", accept);

/** A body that comes in pieces. */
function streamed(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
}

/** Whether a text has as many lines as expected, each of them JSON. */
function checkLines(text: string, count: number): void {
  const lines = text.split("\n");
  check(lines.pop() === "", "ends within a line");
  check(lines.length === count, `has ${lines.length} lines, not ${count}`);
  for (const line of lines) JSON.parse(line);
}

function checkNames({ names, shortfall }: Names, n: number): void {
  check(names.length === n || shortfall !== undefined, `has ${names.length} names, not ${n}`);
}

function checkScore({ nll, perplexity }: Score): void {
  check(nll === null || Math.abs(Math.exp(nll) / perplexity! - 1) < 1e-9, "has a perplexity of another NLL");
}

/** Everything that a client can ask a healthy server for, and some of what it should not. */
export const TRAFFIC: Record<string, Traffic> = {
  "generate JSON": {
    weight: 20,
    async ask(client) {
      const n = 1 + client.number(40);
      const path = generatePath(client, n);
      const text = await client.text(path);
      checkNames(JSON.parse(text) as Names, n);
      if (client.number(10) === 0) check(await client.text(path) === text, `${path} has another answer`);
    },
  },
  "generate text": {
    weight: 5,
    async ask(client) {
      const text = await client.text(generatePath(client, 10), { headers: { accept: "text/plain" } });
      check(text.endsWith("\n") || text === "", "ends within a line");
    },
  },
  "generate without a seed": {
    weight: 5,
    ask: async (client) => checkNames(await client.json<Names>("/generate?n=5"), 5),
  },
  "events": {
    weight: 5,
    async ask(client) {
      const headers = { accept: "text/event-stream" };
      const text = await client.text(generatePath(client, 20), { headers });
      check(text.includes("event: end\n"), "has no last event");
    },
  },
  "events, and the client leaves": {
    weight: 5,
    async ask(client) {
      const path = `/generate?n=100&min_length=200&max_length=256&temperature=4&seed=${client.number(1e6)}`;
      const answer = await client.ask(path, [200, ...TOO_MUCH], { headers: { accept: "text/event-stream" } });
      const reader = answer.body!.getReader();
      await reader.read();
      await reader.cancel();
    },
  },
  "score a name": {
    weight: 20,
    ask: async (client) => checkScore(await client.json<Score>(`/score?name=${client.pick(client.words)}`)),
  },
  "next": {
    weight: 8,
    async ask(client) {
      const prefix = client.pick(client.words).slice(0, client.number(5));
      await client.json(`/next?prefix=${prefix}&model=${client.pick(MODELS)}`);
    },
  },
  "score an array": {
    weight: 8,
    async ask(client) {
      const names = client.names(200);
      const scores = await client.json<Score[]>(`/score?model=${client.pick(MODELS)}`, jsonBody(names));
      check(scores.length === names.length, `has ${scores.length} scores of ${names.length} names`);
      scores.forEach(checkScore);
    },
  },
  "score an array, in lines": {
    weight: 4,
    async ask(client) {
      const names = client.names(200);
      checkLines(
        await client.text("/score?characters=false", jsonBody(names, "application/x-ndjson")),
        names.length,
      );
    },
  },
  "score text as it comes": {
    weight: 4,
    async ask(client) {
      const pieces = Array.from({ length: 20 }, () => client.names(100));
      async function* body(): AsyncGenerator<string> {
        for (const piece of pieces) {
          yield piece.map((name) => `${name}\n`).join("");
          await wait(5);
        }
      }
      const text = await client.text("/score?characters=false", posted(streamed(body()), "text/plain"));
      checkLines(text, pieces.flat().length);
    },
  },
  "text that breaks off": {
    weight: 2,
    async ask(client) {
      const leave = new AbortController();
      async function* body(): AsyncGenerator<string> {
        yield client.names(100).join("\n");
        await wait(50);
        leave.abort();
        await wait(1000);
      }
      const init = { ...posted(streamed(body()), "text/plain"), signal: leave.signal };
      await client.ask("/score", [200], init).then((answer) => answer.text()).catch((error: Error) => {
        if (!leave.signal.aborted) throw error;
      });
    },
  },
  "a slow reader": {
    weight: 1,
    async ask(client) {
      const names = Array.from({ length: 2000 }, () => client.pick(client.words));
      const answer = await client.ask("/score", [200], jsonBody(names, "application/x-ndjson"));
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        text += read.value;
        await wait(20);
      }
      checkLines(text, names.length);
    },
  },
  "large requests": {
    weight: 0.5,
    async ask(client) {
      const seed = client.number(1e6);
      const answer = client.number(2) === 0
        ? await client.ask(`/generate?n=1000&seed=${seed}&temperature=1.5`, [200, ...TOO_MUCH])
        : await client.ask(
          "/score?characters=false",
          [200, ...TOO_MUCH],
          jsonBody(Array.from({ length: 10_000 }, () => client.pick(client.words))),
        );
      await answer.text();
    },
  },
  "models, health and documents": {
    weight: 4,
    async ask(client) {
      await client.json(client.pick(["/models", "/models/mlp", "/health", "/openapi.json"]));
    },
  },
  "downloads": {
    weight: 1,
    async ask(client) {
      const file = client.pick(["model.onnx", "training_names.txt"]);
      const answer = await client.ask(`/models/${client.pick(MODELS)}/${file}`);
      check((await answer.arrayBuffer()).byteLength > 1000, `has too few bytes of ${file}`);
    },
  },
  "what the client has": {
    weight: 6,
    async ask(client) {
      const path = client.pick([
        `/score?name=${client.pick(client.words)}`,
        generatePath(client, 5),
        "/models",
      ]);
      const answer = await client.ask(path);
      await answer.text();
      const headers = { "if-none-match": answer.headers.get("etag")! };
      check(await (await client.ask(path, [304], { headers })).text() === "", "has a body beside 304");
    },
  },
  "errors": {
    weight: 10,
    async ask(client) {
      const [status, path, init] = client.pick<[number, string, RequestInit?]>([
        [400, "/generate?n=0"],
        [400, "/generate?m=1"],
        [400, "/score?name=%F0%9F%98%80"],
        [400, "/score", posted("{", "application/json")],
        [404, "/generate?model=none"],
        [404, "/nothing"],
        [405, "/score", { method: "DELETE" }],
        [413, "/score", jsonBody(new Array(10_001).fill("a"))],
        [414, `/score?name=${"a".repeat(9000)}`],
        [415, "/score", posted("a", "image/png")],
      ]);
      const problem = await (await client.ask(path, [status], init)).json() as { status: number };
      check(problem.status === status, `has a problem of the status ${problem.status}, not ${status}`);
    },
  },
  "names that normalise slowly": {
    weight: 0.5,
    async ask(client) {
      const name = `a${"\u0301".repeat(20_000)}${"\u0323".repeat(20_000)}`;
      const [refused] = await client.json<{ error?: object }[]>("/score", jsonBody([name]));
      check(refused.error !== undefined, "has a score of 40,000 combining marks");
    },
  },
};
