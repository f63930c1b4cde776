import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type App, type AppOptions, createApp } from "../../functions/app.ts";
import type { RateLimiter } from "../../functions/middleware/rate_limit.ts";
import { Registry } from "../../functions/inference/registry.ts";
import { TokenBuckets } from "../../functions/runtimes/token_buckets.ts";
import { startOnnxRuntime } from "../onnx_runtime.ts";
import { modelFiles } from "./serve_models.ts";

/** Whether applications answer some routes without Hono's composition of middleware. */
const directly = vi.hoisted(() => ({ on: true }));
vi.mock("../../functions/middleware/direct_routes.ts", async (original) => {
  const module = await original<typeof import("../../functions/middleware/direct_routes.ts")>();
  const answerDirectly: typeof module.answerDirectly = (handlers, getPath, others) =>
    directly.on ? module.answerDirectly(handlers, getPath, others) : others;
  return { ...module, answerDirectly };
});

let registry: Registry;
beforeAll(async () => {
  await startOnnxRuntime();
  registry = await Registry.open((await modelFiles()).filter(({ name }) => name !== "gru"));
});
afterAll(() => void (directly.on = true));

/** Makes an application whose log is kept. */
function makeApp(on: boolean, options: Partial<AppOptions>): { app: App; lines: string[] } {
  directly.on = on;
  const lines: string[] = [];
  const app = createApp(registry, { runtime: "test", log: (line) => void lines.push(line), ...options });
  return { app, lines };
}

/** An answer as text, and what was logged, without the time. */
async function answer({ app, lines }: ReturnType<typeof makeApp>, path: string, init: RequestInit) {
  const headers = { "x-request-id": "test.1", ...init.headers };
  const url = path.startsWith("/") ? `http://localhost${path}` : path;
  const response = await app.fetch(new Request(url, { ...init, headers }));
  const body = await response.text();
  await new Promise((resolve) => setTimeout(resolve)); // the line about a stream follows its end
  return {
    status: response.status,
    headers: [...response.headers],
    body,
    log: lines.splice(0).map((line) => line.replace(/"time":"[^"]*"/, "").replace(/"ms":[\d.]+/, "")),
  };
}

const REQUESTS: [what: string, path: string, init?: RequestInit][] = [
  ["names", "/generate?model=mlp&n=3&seed=5"],
  ["the default model's names", "/generate?seed=5"],
  ["names of a prefix", "/generate?model=mlp&n=3&seed=5&prefix=ma&unique=true&temperature=0.7"],
  ["too few names", "/generate?model=bigram&n=3&seed=5&prefix=zzzz&max_length=4&unique=true"],
  ["a score", "/score?model=mlp&name=andrej"],
  ["a score of an encoded name", "/score?model=mlp&name=Andr%65j"],
  ["text", "/generate?model=mlp&n=3&seed=5", { headers: { accept: "text/plain" } }],
  ["anything", "/generate?model=mlp&n=3&seed=5", { headers: { accept: "*/*" } }],
  ["anything but JSON", "/generate?model=mlp&seed=5", { headers: { accept: "application/json;q=0, */*" } }],
  ["events", "/generate?model=mlp&n=3&seed=5", { headers: { accept: "text/event-stream" } }],
  [
    "the rest of the events",
    "/generate?model=mlp&n=3&seed=5",
    { headers: { accept: "text/event-stream", "last-event-id": "5-2" } },
  ],
  [
    "no more events",
    "/generate?model=mlp&n=3&seed=5",
    { headers: { accept: "text/event-stream", "last-event-id": "5-end" } },
  ],
  ["a known response", "/score?model=mlp&name=andrej", { headers: { "if-none-match": "*" } }],
  ["another origin", "/score?model=mlp&name=andrej", { headers: { origin: "https://example.com" } }],
  ["https", "https://localhost/score?model=mlp&name=andrej"],
  ["a fragment of a path", "/generate/x?model=mlp"],
  ["a wrong parameter", "/generate?model=mlp&n=0"],
  ["an unknown parameter", "/score?model=mlp&name=a&x=1"],
  ["a missing parameter", "/score?model=mlp"],
  ["a parameter twice", "/score?model=mlp&name=a&name=b"],
  ["an unknown character", "/score?model=mlp&name=a1"],
  ["an unknown model", "/generate?model=gpt"],
  ["another version of the model", "/generate?model=mlp@00000000"],
  ["too much work", "/generate?model=mlp&n=1000&min_length=64&seed=1&compat=torch&max_length=65"],
  ["a long address", `/score?name=${"a".repeat(9000)}`],
  ["an invalid host", "/score?model=mlp&name=andrej", { headers: { host: "a/b" } }],
  ["HEAD", "/generate?model=mlp&n=3&seed=5", { method: "HEAD" }],
  ["OPTIONS", "/generate?model=mlp&n=3&seed=5", { method: "OPTIONS" }],
  ["POST", "/generate?model=mlp&n=3&seed=5", { method: "POST" }],
];

/** Never refuses, or always. */
const limit = (wait: number): Partial<AppOptions> => ({
  rateLimit: { limiter: { count: () => wait }, addressOf: ({ req }) => req.header("x-client") ?? "" },
});
const OPTIONS: [what: string, options: Partial<AppOptions>][] = [
  ["without options", {}],
  ["with a rate limit", limit(0)],
  ["over the rate limit", limit(12.5)],
  ["with a token that the client lacks", { token: "secret" }],
  ["with a list of origins", { origins: ["https://example.com"] }],
];

describe.each(OPTIONS)("%s", (_, options) => {
  test.each(REQUESTS)(
    "a direct route answers and logs as Hono's composition: %s",
    async (_, path, init = {}) => {
      const composed = await answer(makeApp(false, options), path, init);
      expect(await answer(makeApp(true, options), path, init)).toEqual(composed);
    },
  );
});

test("a pinned model's response is immutable on both ways", async () => {
  const path = `/score?model=mlp@${(await registry.get("mlp")).card.sha256}&name=andrej`;
  const composed = await answer(makeApp(false, {}), path, {});
  expect(await answer(makeApp(true, {}), path, {})).toEqual(composed);
  expect(new Map(composed.headers).get("cache-control")).toContain("immutable");
});

describe("the rate limit of a direct route", () => {
  const request = (client: string, path = "/score?model=mlp&name=andrej") =>
    new Request(`http://localhost${path}`, { headers: { "x-client": client } });
  const appOf = (limiter: RateLimiter) =>
    makeApp(true, { rateLimit: { limiter, addressOf: ({ req }) => req.header("x-client") ?? "" } }).app;
  const buckets = () => new TokenBuckets({ requests: 2, seconds: 60 }, 10, () => 0);

  test("counts the requests of each client, with those to other routes", async () => {
    const app = appOf(buckets());
    const status = async (client: string, path?: string) => (await app.fetch(request(client, path))).status;
    expect(await status("10.0.0.1")).toBe(200);
    expect(await status("10.0.0.1", "/models")).toBe(200);
    expect(await status("10.0.0.1")).toBe(429);
    expect(await status("10.0.0.2")).toBe(200);
  });

  test("waits for a limiter that needs time", async () => {
    const inner = buckets();
    const app = appOf({ count: (client) => Promise.resolve().then(() => inner.count(client)) });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await app.fetch(request("10.0.0.1"))).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test("does not count requests whose host is invalid", async () => {
    const app = appOf(buckets());
    const headers = { host: "a/b", "x-client": "10.0.0.1" };
    for (let i = 0; i < 3; i++) await app.fetch(new Request("http://localhost/score?name=a", { headers }));
    expect((await app.fetch(request("10.0.0.1"))).status).toBe(200);
  });

  test("needs no promise where the limiter does not", async () => {
    const app = appOf(buckets());
    await app.fetch(request("10.0.0.1")); // fills the cache
    expect(app.fetch(request("10.0.0.2"))).toBeInstanceOf(Response);
  });
});
