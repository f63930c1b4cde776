import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { modelFiles } from "../functions/serve_models.ts";
import { type Server, startDeno } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import { type BAD_GRAPHS, badModel, writeModels } from "./bad_models.ts";
import { healthDuring, SERVER_ARGS, startDenoServer, startWorkerdWith } from "../servers.ts";

/*
 * The real servers with models that never return, use all memory, or fail for some contexts only, beside valid ones.
 */

/** The servers' EDGEMORE_MODEL_TIMEOUT, in seconds. */
const TIMEOUT = 4;

interface Health {
  status: string;
  default_model: string;
  models: { name: string; status: string; reason?: string }[];
}

interface Problem {
  type: string;
  detail: string;
}

type BadModel = keyof typeof BAD_GRAPHS | readonly [kind: keyof typeof BAD_GRAPHS, name: string];

/** Starts a server with some committed models, by name, and some bad ones, by kind or by kind and name. */
async function serve(
  good: readonly string[],
  bad: readonly BadModel[],
  environment: Record<string, string> = {},
): Promise<Server> {
  const directory = join(await temporaryDirectory(), "models");
  await writeModels(directory, [
    ...(await modelFiles()).filter(({ name }) => good.includes(name)),
    ...await Promise.all(
      bad.map((model) => typeof model === "string" ? badModel(model) : badModel(...model)),
    ),
  ]);
  const server = await startDenoServer({
    EDGEMORE_MODELS: directory,
    EDGEMORE_MODEL_TIMEOUT: String(TIMEOUT),
    ...environment,
  });
  onTestFinished(() => server.end());
  return server;
}

async function ask<Answer>(
  { address }: Server,
  path: string,
): Promise<{ status: number; headers: Headers; body: Answer }> {
  const response = await fetch(address + path);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const health = async (server: Server) => (await ask<Health>(server, "/health")).body;

/** Waits until all models are opened or broken, and returns the health. */
async function opened(server: Server): Promise<Health> {
  while (true) {
    const now = await health(server);
    if (now.status !== "starting") return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The status of each model, by name. */
const statuses = ({ models }: Health) => Object.fromEntries(models.map(({ name, status }) => [name, status]));

describe("a model that never returns", () => {
  test("does not delay requests for other models, and is broken after the timeout", async () => {
    const server = await serve(["bigram", "mlp"], [["endless", "an-endless-one"], ["endless", "new"]], {
      EDGEMORE_MODEL: "bigram",
    });
    const early = await ask(server, "/score?name=anna"); // the server opens the default model first
    expect(early.status).toBe(200);
    const begun = await health(server);
    expect(begun.status).toBe("starting");
    expect(statuses(begun)["an-endless-one"]).toBe("opening");

    const { longest } = await healthDuring(server.address, opened(server));
    expect(longest).toBeLessThan(1000);
    const ended = await health(server);
    expect(ended.status).toBe("degraded");
    expect(statuses(ended)).toEqual({
      bigram: "ready",
      mlp: "ready",
      "an-endless-one": "broken",
      new: "broken",
    });
    const reason = `an-endless-one.onnx did not answer within ${TIMEOUT} s`;
    expect(ended.models.find(({ name }) => name === "an-endless-one")!.reason).toBe(reason);
    const { status, body } = await ask<Problem>(server, "/score?name=anna&model=an-endless-one");
    expect([status, body.type]).toEqual([503, "urn:edgemore:problem:broken-model"]);
    expect(body.detail).toContain(reason);
    expect((await ask(server, "/score?name=anna&model=mlp")).status).toBe(200);

    await expect.poll(() => workerThreads(server), { timeout: 10_000 }).toEqual([]);
  });

  test("is answered with 503 and Retry-After while it opens, and then is not the default any more", async () => {
    const server = await serve(["bigram"], [["endless", "gru"]]);
    const { status, headers, body } = await ask<Problem>(server, "/score?name=anna");
    expect([status, body.type]).toEqual([503, "urn:edgemore:problem:opening-model"]);
    expect(headers.get("retry-after")).toBe("2");
    expect(headers.get("cache-control")).toBe("no-store");
    expect((await opened(server)).default_model).toBe("bigram");
    expect((await ask<{ model: string }>(server, "/score?name=anna")).body.model).toBe("bigram");
    expect((await ask(server, "/score?name=anna&model=gru")).status).toBe(503);
  });

  test("does not prevent the server from ending", async () => {
    const directory = join(await temporaryDirectory(), "models");
    await writeModels(directory, [await badModel("endless")]);
    const server = startDeno(SERVER_ARGS, { PORT: "0", EDGEMORE_MODELS: directory });
    const [, address] = await server.printed(/answers at (http:\S+)/);
    expect((await fetch(`${address}/health`)).status).toBe(503);
    server.signal("SIGTERM");
    expect((await server.ended).code).toBe(0);
  });
});

describe("a broken model", () => {
  test("does not affect the other models", async () => {
    const server = await serve(["bigram"], ["huge", "wrong-input", "one-context", "nan-after-one"]);
    const ended = await opened(server);
    expect(statuses(ended)).toEqual({
      bigram: "ready",
      huge: "broken",
      "nan-after-one": "broken",
      "one-context": "broken",
      "wrong-input": "broken",
    });
    const reasonOf = (wanted: string) => ended.models.find(({ name }) => name === wanted)!.reason;
    expect(reasonOf("huge")).toContain("huge.onnx cannot be run: ");
    expect(reasonOf("nan-after-one")).toContain(
      "after the tokens 0 0 0 0 26 one of its log-probabilities is NaN",
    );
    expect(reasonOf("wrong-input")).toContain("'tokens' is missing");
    expect((await ask(server, "/score?name=anna")).status).toBe(200);
    expect(peakMemory(server)).toBeLessThan(2 ** 30); // one context of "huge" needs 1.6 GB
  });

  test("is answered with 503 and the reason if it is the configured default", async () => {
    const server = await serve(["bigram"], ["wrong-input"], { EDGEMORE_MODEL: "wrong-input" });
    expect((await opened(server)).default_model).toBe("wrong-input");
    const { status, body } = await ask<Problem>(server, "/score?name=anna");
    expect([status, body.detail]).toEqual([
      503,
      expect.stringContaining("Model wrong-input cannot answer: "),
    ]);
    expect((await ask(server, "/score?name=anna&model=bigram")).status).toBe(200);
  });

  test("makes the server's status down if there is no other model", async () => {
    for (const bad of [["wrong-input"], []] as const) {
      const server = await serve([], bad);
      expect((await opened(server)).status).toBe("down");
      expect((await ask(server, "/health")).status).toBe(503);
      expect((await ask(server, "/generate?n=1")).status).toBe(bad.length === 0 ? 404 : 503);
      expect((await ask(server, "/models")).body).toEqual([]);
    }
  });
});

describe("a default model that does not exist", () => {
  test("prevents the server from starting", async () => {
    const directory = join(await temporaryDirectory(), "models");
    await writeModels(directory, await modelFiles());
    const { code, stderr } = await startDeno(SERVER_ARGS, {
      PORT: "0",
      EDGEMORE_MODELS: directory,
      EDGEMORE_MODEL: "gpt",
    }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('error: Cannot make "gpt" the default model: there are bigram, gru, mlp');
  });
});

describe.each(
  [
    ["nan", "after the tokens 0 0 26 26 26 one of its log-probabilities is NaN"],
    ["infinity", "after the tokens 0 0 26 26 26 one of its log-probabilities is Infinity"],
    ["sum", "after the tokens 0 0 26 26 26 its probabilities add up to 2.000, not to 1"],
    ["failing", "failed to call OrtRun(). "],
  ] as const,
)("a model that fails for some contexts: %s", (kind, reason) => {
  test("is broken after the first failure, for all waiting and all later requests", async () => {
    const server = await serve(["bigram"], [kind], { EDGEMORE_MODEL: kind });
    expect((await opened(server)).status).toBe("ok"); // the probe does not try a context of three letters z
    const good = await ask<{ possible: boolean; nll: number }>(server, "/score?name=zz");
    expect([good.status, good.body.possible]).toEqual([200, true]);
    const etag = good.headers.get("etag")!;

    const together = await Promise.all([
      ...Array.from({ length: 20 }, (_, i) => ask<Problem>(server, `/score?name=zzz${LETTERS[i]}`)),
      ask<Problem>(server, "/next?prefix=zzz"),
      ask<Problem>(server, "/generate?n=3&seed=1&prefix=zzz"),
    ]);
    for (const { status, headers, body } of together) {
      expect([status, body.type]).toEqual([503, "urn:edgemore:problem:broken-model"]);
      expect([headers.get("cache-control"), headers.get("etag")]).toEqual(["no-store", null]);
    }
    expect(together.some(({ body }) => body.detail.includes(reason))).toBe(true);

    for (const path of ["/score?name=zz", "/score?name=anna", "/generate", "/next", `/models/${kind}`]) {
      expect((await ask(server, path)).status).toBe(503);
    }
    const again = await fetch(`${server.address}/score?name=zz`, { headers: { "if-none-match": etag } });
    expect(again.status).toBe(503);
    await again.body?.cancel();
    const now = await health(server);
    expect(now.status).toBe("degraded");
    expect(now.models.find(({ name }) => name === kind)).toMatchObject({
      status: "broken",
      reason: expect.stringContaining(`${kind}.onnx cannot be run: ${reason}`),
    });
    expect((await ask(server, "/score?name=anna&model=bigram")).status).toBe(200);
  });
});

test("a model that fails during a stream of names ends the stream with an error event", async () => {
  const server = await serve(["bigram"], ["nan"]);
  await opened(server);
  const response = await fetch(`${server.address}/generate?n=3&prefix=zzz&model=nan`, {
    headers: { accept: "text/event-stream" },
  });
  const text = await response.text();
  expect(text).toMatch(/^event: error\ndata: \{"type":"urn:edgemore:problem:broken-model",.*\n\n$/);
});

test("the Worker leaves out models that do not open, and a model that fails later does not affect the others", async () => {
  const directory = join(await temporaryDirectory(), "models");
  const bad = await Promise.all([badModel("endless", "gru"), badModel("wrong-input"), badModel("nan")]);
  await writeModels(directory, [...(await modelFiles()).slice(0, 1), ...bad]);
  const { printed, server } = await startWorkerdWith(directory, { modelTimeout: 3 });
  onTestFinished(() => server.end());
  expect(printed).toContain("warning: model gru is left out: gru.onnx did not answer within 3 s");
  expect(printed).toContain("warning: model wrong-input is left out: wrong-input.onnx cannot be run: ");
  const first = await health(server);
  expect([first.status, first.default_model]).toEqual(["ok", "bigram"]);
  expect(statuses(first)).toEqual({ bigram: "ready", nan: "ready" });
  for (const name of ["zzz", "anna"]) {
    const { status, body } = await ask<Problem>(server, `/score?name=${name}&model=nan`);
    expect([status, body.type]).toEqual([503, "urn:edgemore:problem:broken-model"]);
  }
  expect(statuses(await health(server))).toEqual({ bigram: "ready", nan: "broken" });
  expect((await ask(server, "/score?name=anna")).status).toBe(200);
});

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** The names of a server's worker threads that have not ended. */
function workerThreads({ pid }: Server): string[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim())
    .filter((name) => name.startsWith("worker-"));
}

/** A server's peak resident memory, in bytes. */
function peakMemory({ pid }: Server): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return 1024 * Number(kilobytes);
}
