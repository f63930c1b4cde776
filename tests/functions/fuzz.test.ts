import fc from "fast-check";
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import { type App, type AppOptions, createApp } from "../../functions/app.ts";
import { getConnInfo } from "hono/deno";
import { clientAddress } from "../../functions/runtimes/client_address.ts";
import { TokenBuckets } from "../../functions/runtimes/token_buckets.ts";
import { AnswerJudge } from "./fuzz/answer_judge.ts";
import { FUZZ_REQUESTS, replayOptions, showFailure, showRequest } from "./fuzz/fuzz_run.ts";
import { LARGE_REQUESTS, type RandomRequest, randomRequest } from "./fuzz/random_request.ts";
import { DocumentedApi, type OpenApiDocument } from "./openapi_document.ts";
import { modelFiles, serveModels } from "./serve_models.ts";

/** How many requests are made side by side. */
const TOGETHER = 8;
/** Asked after them: its answer never changes. */
const GOOD = "/generate?n=3&seed=42&model=mlp";
/** The CPU time that may pass before `/health` is answered, in milliseconds. Other programs take none of it. */
const MAX_HEALTH = 1000;
/** How many requests there are between two lines that tell how far it is. */
const TELL_EVERY = 50_000;

const TOKEN = "s3cret";
const ORIGINS = ["https://example.com"];

/** The environment that Deno gives a request. */
const CONNECTION = { remoteAddr: { hostname: "192.0.2.9", port: 4000, transport: "tcp" } };

/** An application with some settings, and what judges it. */
interface Served {
  app: App;
  judge: AnswerJudge;
  /** Sent with a request, beside what it has. */
  headers: Record<string, string>;
}

const CONFIGURATIONS = ["open", "token", "rate limit", "origins"] as const;
type Configuration = (typeof CONFIGURATIONS)[number];

let served: Record<Configuration, Served>;
let good: string;
let models: string[];
beforeAll(async () => {
  const files = await modelFiles();
  models = files.flatMap(({ name, card }) => {
    const { sha256 } = JSON.parse(card as string) as { sha256: string };
    return [name, `${name}@${sha256.slice(0, 8)}`, `${name}@${sha256}`, `${name}@00000000`];
  });
  const { registry } = await serveModels(files);
  // Half a second passes from one request to the next, so that refusals come and go as fast as requests are made.
  let now = 0;
  const limiter = new TokenBuckets({ requests: 20, seconds: 20 }, 100, () => now += 500);
  const serve = async (
    options: Partial<AppOptions>,
    headers: Record<string, string> = {},
  ): Promise<Served> => {
    const app = createApp(registry, { runtime: "test", ...options });
    const response = await app.request("/openapi.json", { headers }, CONNECTION);
    const api = new DocumentedApi(await response.json() as OpenApiDocument);
    return { app, judge: new AnswerJudge(api, options), headers };
  };
  served = {
    "open": await serve({}),
    "token": await serve({ token: TOKEN }, { authorization: `Bearer ${TOKEN}` }),
    "rate limit": await serve({ rateLimit: { limiter, addressOf: clientAddress(true, getConnInfo) } }),
    "origins": await serve({ origins: ORIGINS, serverTiming: true, log: () => {} }),
  };
  good = await (await served.open.app.request(GOOD)).text();
});

/** The request that a random one is. */
function requestOf({ method, address, headers, body }: RandomRequest): Request {
  if (body === undefined) return new Request(`http://localhost${address}`, { method, headers });
  const { content, sent } = body;
  const stream = sent === "whole" ? content : piecesOf(content, sent === "broken off");
  return new Request(`http://localhost${address}`, { method, headers, body: stream });
}

/** A body in up to seven pieces, of which the last ones may never come. */
function piecesOf(content: string | Uint8Array<ArrayBuffer>, breaksOff: boolean): ReadableStream<Uint8Array> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const size = Math.ceil(bytes.length / 7) || 1;
  let start = 0;
  return new ReadableStream({
    pull(controller) {
      if (breaksOff && start >= bytes.length / 2) controller.error(new Error("The client has gone"));
      else if (start >= bytes.length) controller.close();
      else controller.enqueue(bytes.subarray(start, start += size));
    },
  });
}

/** Asks for `/health` again and again until something else is done, and returns the longest wait in milliseconds of CPU time. */
async function longestHealth(app: App, work: () => Promise<void>): Promise<number> {
  const cpuTime = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  let [asked, longest, under] = [cpuTime(), 0, true];
  const done = work().finally(() => under = false);
  done.catch(() => {}); // awaited below
  do {
    const { status } = await app.request("/health");
    await setImmediate(); // as from another connection, of which the event loop hears
    const answered = cpuTime();
    if (status !== 200) throw new Error(`/health answered ${status}`);
    longest = Math.max(longest, answered - asked);
    asked = answered;
  } while (under);
  await done;
  return longest;
}

/** One of the requests that are made side by side, and to which application; bare: without the headers that it wants. */
type Ask = [configuration: Configuration, bare: boolean, request: RandomRequest];

test(`${FUZZ_REQUESTS} random requests get documented answers, and keep /health from nobody`, {
  timeout: 300_000 + 20 * FUZZ_REQUESTS,
  retry: 0, // other requests may not show the fault again
}, async () => {
  const statuses = new Map<number, number>();
  let [asked, longest, toTell] = [0, 0, TELL_EVERY];
  const started = performance.now();
  const tell = () => {
    const seconds = (performance.now() - started) / 1000;
    const counts = [...statuses].sort(([a], [b]) => a - b).map((pair) => pair.join(": ")).join(", ");
    console.log(
      `${asked} requests, ${
        (asked / seconds).toFixed()
      } a second; /health took ${longest.toFixed()} ms of CPU time at most; ` +
        `answers by status: ${counts}`,
    );
  };
  const ask = async ([configuration, bare, random]: Ask) => {
    const { app, judge, headers } = served[configuration];
    const request = bare ? random : { ...random, headers: { ...headers, ...random.headers } };
    const response = await app.request(requestOf(request), undefined, CONNECTION);
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    asked++;
    const wrong = await judge.fault(request, response);
    if (wrong === undefined) return;
    throw new Error(
      `with ${configuration}, the answer ${response.status} to ${showRequest(request)} ${wrong}`,
    );
  };
  const askTogether = async (asks: Ask[]) => {
    const waited = await longestHealth(served[asks[0][0]].app, async () => {
      const answers = await Promise.allSettled(asks.map(ask));
      for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
    });
    if (waited > MAX_HEALTH) throw new Error(`/health took ${waited} ms of CPU time`);
    longest = Math.max(longest, waited);
    if (await (await served.open.app.request(GOOD)).text() !== good) {
      throw new Error(`then ${GOOD} had another answer than before`);
    }
    if (asked < toTell) return;
    toTell += TELL_EVERY;
    tell();
  };
  const anyAsk = fc.tuple(fc.constantFrom(...CONFIGURATIONS), fc.boolean(), randomRequest(models));
  const large = LARGE_REQUESTS.map((request): Ask => ["open", false, request]);
  const examples = [...large.map((one): [Ask[]] => [[one]]), [large] as [Ask[]]];
  const result = await fc.check(
    fc.asyncProperty(fc.array(anyAsk, { minLength: TOGETHER, maxLength: TOGETHER }), askTogether),
    { numRuns: examples.length + Math.ceil(FUZZ_REQUESTS / TOGETHER), examples, ...replayOptions() },
  );
  tell();
  if (result.failed) throw new Error(showFailure(result, "random requests"));
  // It asks well enough for each kind of answer to come.
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 204, 304, 400, 401, 404, 405, 415, 429]));
});
