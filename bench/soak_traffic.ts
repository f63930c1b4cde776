import { setTimeout as wait } from "node:timers/promises";
import { check, type SoakClient } from "./soak_client.ts";

/** A kind of request. */
export interface Traffic {
  /** How often it is made, relative to the other kinds. */
  weight: number;
  /**
   * Makes the request and checks the answer.
   *
   * @throws {Error} If the answer is wrong.
   */
  request(client: SoakClient): Promise<void>;
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

const MODELS = ["gru", "mlp", "bigram"];
/** Optional parameters of `/generate`. */
const GENERATE_OPTIONS = [
  ...["", "&temperature=0.7", "&temperature=1.5&min_length=6", "&top_k=8", "&top_p=0.9", "&prefix=ma"],
  ...[
    "&unique=true",
    "&novel=true&unique=true",
    "&max_length=5",
    "&compat=torch",
    "&compat=torch&top_p=0.95",
  ],
];
/** The statuses for a request that is too much work. */
const TOO_MUCH_WORK = [413, 422];

const generatePath = (client: SoakClient, n: number): string =>
  `/generate?n=${n}&seed=${client.number(1e6)}&model=${client.pick(MODELS)}${client.pick(GENERATE_OPTIONS)}`;

const post = (body: BodyInit, type: string, accept = "*/*"): RequestInit => {
  return { method: "POST", body, headers: { "content-type": type, accept } };
};

const postArray = (names: readonly string[], accept?: string): RequestInit =>
  post(JSON.stringify(names), "application/json", accept);

/** A body that is sent in pieces. */
function streamed(pieces: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces).pipeThrough(new TextEncoderStream());
}

/** Checks that a text has the expected number of lines, each of them JSON. */
function checkLines(text: string, count: number): void {
  const lines = text.split("\n");
  check(lines.pop() === "", "the last line is not complete");
  check(lines.length === count, `got ${lines.length} lines instead of ${count}`);
  for (const line of lines) JSON.parse(line);
}

function checkNames({ names, shortfall }: Names, n: number): void {
  check(names.length === n || shortfall !== undefined, `got ${names.length} names instead of ${n}`);
}

function checkScore({ nll, perplexity }: Score): void {
  check(nll === null || Math.abs(Math.exp(nll) / perplexity! - 1) < 1e-9, "perplexity is not exp(nll)");
}

/** All kinds of requests, by name: every route, invalid requests, and clients that are slow or disconnect. */
export const TRAFFIC: Record<string, Traffic> = {
  "generate JSON": {
    weight: 20,
    async request(client) {
      const n = 1 + client.number(40);
      const path = generatePath(client, n);
      const text = await client.text(path);
      checkNames(JSON.parse(text) as Names, n);
      if (client.number(10) === 0) {
        check(await client.text(path) === text, `${path} gave two different answers`);
      }
    },
  },
  "generate text": {
    weight: 5,
    async request(client) {
      const text = await client.text(generatePath(client, 10), { headers: { accept: "text/plain" } });
      check(text.endsWith("\n") || text === "", "the last line is not complete");
    },
  },
  "generate without a seed": {
    weight: 5,
    request: async (client) => checkNames(await client.json<Names>("/generate?n=5"), 5),
  },
  "generate events": {
    weight: 5,
    async request(client) {
      const headers = { accept: "text/event-stream" };
      const text = await client.text(generatePath(client, 20), { headers });
      check(text.includes("event: end\n"), "there is no end event");
    },
  },
  "generate events, then disconnect": {
    weight: 5,
    async request(client) {
      const path = `/generate?n=100&min_length=200&max_length=256&temperature=4&seed=${client.number(1e6)}`;
      const init = { headers: { accept: "text/event-stream" } };
      const answer = await client.fetch(path, [200, ...TOO_MUCH_WORK], init);
      const reader = answer.body!.getReader();
      await reader.read();
      await reader.cancel();
    },
  },
  "score a name": {
    weight: 20,
    request: async (client) =>
      checkScore(await client.json<Score>(`/score?name=${client.pick(client.words)}`)),
  },
  "next": {
    weight: 8,
    async request(client) {
      const prefix = client.pick(client.words).slice(0, client.number(5));
      await client.json(`/next?prefix=${prefix}&model=${client.pick(MODELS)}`);
    },
  },
  "score an array": {
    weight: 8,
    async request(client) {
      const names = client.names(200);
      const scores = await client.json<Score[]>(`/score?model=${client.pick(MODELS)}`, postArray(names));
      check(scores.length === names.length, `got ${scores.length} scores for ${names.length} names`);
      scores.forEach(checkScore);
    },
  },
  "score an array as NDJSON": {
    weight: 4,
    async request(client) {
      const names = client.names(200);
      checkLines(
        await client.text("/score?characters=false", postArray(names, "application/x-ndjson")),
        names.length,
      );
    },
  },
  "score streamed text": {
    weight: 4,
    async request(client) {
      const pieces = Array.from({ length: 20 }, () => client.names(100));
      async function* body(): AsyncGenerator<string> {
        for (const piece of pieces) {
          yield piece.map((name) => `${name}\n`).join("");
          await wait(5);
        }
      }
      const text = await client.text("/score?characters=false", post(streamed(body()), "text/plain"));
      checkLines(text, pieces.flat().length);
    },
  },
  "abort while sending text": {
    weight: 2,
    async request(client) {
      const abort = new AbortController();
      async function* body(): AsyncGenerator<string> {
        yield client.names(100).join("\n");
        await wait(50);
        abort.abort();
        await wait(1000);
      }
      const init = { ...post(streamed(body()), "text/plain"), signal: abort.signal };
      await client.fetch("/score", [200], init).then((answer) => answer.text()).catch((error: Error) => {
        if (!abort.signal.aborted) throw error;
      });
    },
  },
  "read slowly": {
    weight: 1,
    async request(client) {
      const names = Array.from({ length: 2000 }, () => client.pick(client.words));
      const answer = await client.fetch("/score", [200], postArray(names, "application/x-ndjson"));
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
    async request(client) {
      const seed = client.number(1e6);
      const answer = client.number(2) === 0
        ? await client.fetch(`/generate?n=1000&seed=${seed}&temperature=1.5`, [200, ...TOO_MUCH_WORK])
        : await client.fetch(
          "/score?characters=false",
          [200, ...TOO_MUCH_WORK],
          postArray(Array.from({ length: 10_000 }, () => client.pick(client.words))),
        );
      await answer.text();
    },
  },
  "models, health and documents": {
    weight: 4,
    async request(client) {
      await client.json(client.pick(["/models", "/models/mlp", "/health", "/openapi.json"]));
    },
  },
  "downloads": {
    weight: 1,
    async request(client) {
      const file = client.pick(["model.onnx", "training_names.txt"]);
      const answer = await client.fetch(`/models/${client.pick(MODELS)}/${file}`);
      check((await answer.arrayBuffer()).byteLength > 1000, `${file} is too short`);
    },
  },
  "revalidate with If-None-Match": {
    weight: 6,
    async request(client) {
      const path = client.pick([
        `/score?name=${client.pick(client.words)}`,
        generatePath(client, 5),
        "/models",
      ]);
      const answer = await client.fetch(path);
      await answer.text();
      const headers = { "if-none-match": answer.headers.get("etag")! };
      check(await (await client.fetch(path, [304], { headers })).text() === "", "304 has a body");
    },
  },
  "invalid requests": {
    weight: 10,
    async request(client) {
      const [status, path, init] = client.pick<[number, string, RequestInit?]>([
        [400, "/generate?n=0"],
        [400, "/generate?m=1"],
        [400, "/score?name=%F0%9F%98%80"],
        [400, "/score", post("{", "application/json")],
        [404, "/generate?model=none"],
        [404, "/nothing"],
        [405, "/score", { method: "DELETE" }],
        [413, "/score", postArray(new Array(10_001).fill("a"))],
        [414, `/score?name=${"a".repeat(9000)}`],
        [415, "/score", post("a", "image/png")],
      ]);
      const problem = await (await client.fetch(path, [status], init)).json() as { status: number };
      check(
        problem.status === status,
        `the problem document has status ${problem.status} instead of ${status}`,
      );
    },
  },
  "score a name that normalises slowly": {
    weight: 0.5,
    async request(client) {
      const name = `a${"\u0301".repeat(20_000)}${"\u0323".repeat(20_000)}`;
      const [refused] = await client.json<{ error?: object }[]>("/score", postArray([name]));
      check(refused.error !== undefined, "a name of 40,000 combining marks was scored");
    },
  },
};
