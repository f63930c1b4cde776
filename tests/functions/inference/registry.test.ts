import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../../functions/app.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { ModelMemory } from "../../../functions/inference/model_memory.ts";
import { Registry, type RegistryOptions } from "../../../functions/inference/registry.ts";
import { openModel } from "../../../functions/inference/served_model.ts";
import type { ProblemDocument } from "../../../functions/problem.ts";
import { parseModelCard } from "../../../shared/model_card.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { modelFiles, type ServedApp, serveModels } from "../serve_models.ts";
import { withCard } from "./model_versions.ts";

describe("broken models", () => {
  let app: ServedApp;

  beforeAll(async () => {
    const [bigram, , mlp] = await modelFiles();
    const truncated = mlp.onnx!.slice(0, 20_000);
    app = await serveModels([
      bigram,
      { ...mlp, name: "no-json", card: "{" },
      { ...mlp, name: "no-card", card: "[]" },
      { ...mlp, name: "other-name" },
      withCard({ ...mlp, onnx: null }, "no-onnx", {}),
      withCard(mlp, "wrong-hash", { sha256: "0".repeat(64) }),
      withCard({ ...mlp, onnx: truncated }, "truncated", {}),
      withCard({ ...mlp, onnx: truncated }, "truncated-with-its-hash", { sha256: await sha256(truncated) }),
      { ...withCard(mlp, "wrong-list", {}), list: mlp.list!.slice(1) },
      withCard(mlp, "wrong-vocabulary", { vocabulary: "abc" }),
      withCard(mlp, "wrong-context", { context_length: 4 }),
    ]);
  });

  test.each([
    ["no-json", "not JSON"],
    ["no-card", "Cannot read a model card: card: "],
    ["other-name", 'other-name.json is the card of "mlp"'],
    ["no-onnx", "no-onnx.onnx is missing"],
    ["wrong-hash", "wrong-hash.onnx is not the file that its card describes: its SHA-256 is "],
    ["wrong-list", "us-names-2018.txt is not the file that its card describes"],
    ["truncated", "truncated.onnx is not the file that its card describes"],
    ["truncated-with-its-hash", "truncated-with-its-hash.onnx cannot be run: "],
    [
      "wrong-vocabulary",
      "its output has 27 log-probabilities that add up to 1.000; 4 that add up to 1 were expected",
    ],
    ["wrong-context", "wrong-context.onnx cannot be run: "],
  ])("%s is told of by /health and answers 503", async (name, reason) => {
    const { status, body } = await app.ask<{ status: string; models: { name: string; reason: string }[] }>(
      "/health",
    );
    expect(status).toBe(200);
    expect(body.status).toBe("degraded");
    const told = body.models.find((model) => model.name === name);
    expect(told).toMatchObject({ status: "broken" });
    expect(told!.reason).toContain(reason);
    for (const path of [`/generate?model=${name}`, `/score?name=a&model=${name}`, `/models/${name}`]) {
      const { status, type, body } = await app.ask(path);
      expect([status, type]).toEqual([503, "application/problem+json"]);
      expect(body.detail).toContain(reason);
    }
  });

  test("leave the others serving", async () => {
    expect((await app.ask("/generate?model=bigram")).status).toBe(200);
    expect((await app.ask<unknown[]>("/models")).body).toHaveLength(1);
  });
});

describe("the default model", () => {
  test("is gru, else the first in the alphabet", async () => {
    const [bigram, gru, mlp] = await modelFiles();
    expect((await (await serveModels([mlp, gru, bigram])).ask("/generate")).body.model).toBe("gru");
    expect((await (await serveModels([mlp, bigram])).ask("/generate")).body.model).toBe("bigram");
  });

  test("may be another, if there is such a one", async () => {
    await startOnnxRuntime();
    const files = await modelFiles();
    expect((await Registry.open(files, "bigram")).defaultModel).toBe("bigram");
    await expect(Registry.open(files, "gpt")).rejects.toThrow(
      'Cannot make "gpt" the default model: there are bigram, gru, mlp',
    );
  });

  test("is another where it is broken, unless it was named", async () => {
    const [bigram, gru, mlp] = await modelFiles();
    const broken = { ...gru, onnx: null };
    const app = await serveModels([mlp, bigram, broken]);
    expect((await app.ask("/generate")).body.model).toBe("bigram");
    expect((await app.ask("/health")).body.default_model).toBe("bigram");
    const named = createApp(await Registry.open([bigram, broken], "gru"), { runtime: "test" });
    expect((await named.request("/generate")).status).toBe(503);
  });

  test("without any model the server is down and says so", async () => {
    const app = await serveModels([]);
    const { status, body } = await app.ask("/health");
    expect([status, body.status]).toEqual([503, "down"]);
    expect((await app.ask("/generate")).status).toBe(404);
  });
});

describe("models that are being opened", () => {
  /** A registry of models that are opened when the test says so. */
  async function openingModels(names: string[]) {
    await startOnnxRuntime();
    const files = new Map((await modelFiles()).map((file) => [file.name, file]));
    const registry = new Registry(names);
    const app = createApp(registry, { runtime: "test" });
    const open = (name: string) =>
      registry.add(name, (onBroken) => openModel(files.get(name)!, WASM_RUNTIME, { onBroken }));
    const fail = (name: string) => registry.add(name, () => Promise.reject(new Error("it is bad")));
    const health = async () => {
      const response = await app.request("/health");
      const { status, default_model } = await response.json();
      return [response.status, status, default_model];
    };
    return { app, open, fail, health };
  }

  test("are told of by /health, which is 503 until one answers", async () => {
    const { open, fail, health } = await openingModels(["bigram", "gru", "mlp"]);
    expect(await health()).toEqual([503, "starting", "gru"]);
    await open("mlp");
    expect(await health()).toEqual([200, "starting", "gru"]);
    await fail("gru");
    expect(await health()).toEqual([200, "starting", "bigram"]);
    await open("bigram");
    expect(await health()).toEqual([200, "degraded", "bigram"]);
  });

  test("are waited for; the default is the next one where it turns out to be broken", async () => {
    const { app, open, fail } = await openingModels(["bigram", "gru"]);
    const waiting = ["/score?name=a", "/score?name=a&model=bigram", "/models/bigram", "/next?model=gru"]
      .map(
        async (path) => {
          const response = await app.request(path);
          const { model, name } = await response.json();
          return [response.status, model ?? name];
        },
      );
    await fail("gru");
    await open("bigram");
    expect(await Promise.all(waiting)).toEqual([
      [200, "bigram"],
      [200, "bigram"],
      [200, "bigram"],
      [503, undefined],
    ]);
  });

  test("stay broken where they are found to be while they are opened", async () => {
    await startOnnxRuntime();
    const registry = new Registry(["mlp"]);
    const [, , mlp] = await modelFiles();
    await registry.add("mlp", async (onBroken) => {
      const served = await openModel(mlp, WASM_RUNTIME);
      onBroken("it gave a wrong row");
      return served;
    });
    expect(registry.statuses()).toEqual([{ name: "mlp", status: "broken", reason: "it gave a wrong row" }]);
  });

  test("are waited for by who asks for all cards", async () => {
    const { app, open, fail } = await openingModels(["bigram", "mlp"]);
    const cards = app.request("/models");
    await open("mlp");
    await fail("bigram");
    expect((await (await cards).json()).map(({ name }: { name: string }) => name)).toEqual(["mlp"]);
  });

  test("are not waited for longer than some seconds", async () => {
    const { app } = await openingModels(["bigram"]);
    expect((await app.request("/health")).headers.get("retry-after")).toBe("2");
    const cards = app.request("/models");
    const response = await app.request("/score?name=a");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
    expect(await response.json()).toMatchObject({
      type: "urn:edgemore:problem:opening-model",
      detail: "Model bigram is still being opened; ask again in 2 s",
    });
    expect(await (await cards).json()).toEqual([]);
    expect((await app.request("/score?name=a&model=gpt")).status).toBe(404);
  });
});

describe("pinned models", () => {
  test("are those whose file has a SHA-256 of these first digits", async () => {
    const app = await serveModels();
    const { card: { sha256 } } = await app.registry.get("mlp");
    for (
      const digits of [sha256.slice(0, 8), sha256.slice(0, 8).toUpperCase(), sha256.slice(0, 21), sha256]
    ) {
      const { status, body } = await app.ask(`/score?name=a&model=mlp@${digits}`);
      expect([status, body.model]).toEqual([200, "mlp"]);
      expect((await app.registry.get(`mlp@${digits}`)).pinned).toBe(true);
    }
    expect((await app.registry.get("mlp")).pinned).toBe(false);
  });

  test.each([
    ["mlp@", 400],
    ["mlp@0000000", 400],
    ["mlp@0000000g", 400],
    [`mlp@${"0".repeat(65)}`, 400],
    ["mlp@00000000@", 400],
    ["@00000000", 404],
    ["gpt@00000000", 404],
    ["mlp@00000000", 404],
    ["m".repeat(130), 400],
  ])("are not found by %s: %i", async (reference, expected) => {
    const app = await serveModels();
    const query = await app.ask<ProblemDocument>(`/score?name=a&model=${encodeURIComponent(reference)}`);
    expect(query.status).toBe(expected);
    expect(query.body.errors[0].parameter).toBe("model");
    expect(query.headers.get("cache-control")).toBe("no-store");
    if (reference.length > 129) return; // a path has no such bound: no model has that name
    const path = await app.ask<ProblemDocument>(`/models/${encodeURIComponent(reference)}`);
    expect(path.status).toBe(expected);
    expect(path.body.errors[0].parameter).toBe("name");
  });

  test("say which file is served where it is another", async () => {
    const app = await serveModels();
    const { body } = await app.ask<ProblemDocument>("/score?name=a&model=gru@00000000");
    expect(body.detail).toMatch(
      /^model must be pinned to the file that is served, gru@[0-9a-f]{8}, got "gru@00000000"$/,
    );
  });
});

describe("models that are opened for a request", () => {
  /** A registry that offers the committed MLP, and how often it was opened. */
  async function offered(
    options: RegistryOptions = {},
    waitFor: () => Promise<unknown> = () => Promise.resolve(),
  ) {
    await startOnnxRuntime();
    const [, , mlp] = await modelFiles();
    const memory = new ModelMemory();
    const registry = new Registry([], undefined, options);
    let opened = 0;
    registry.offer("mlp", { card: parseModelCard(mlp.card), version: "1" }, async (onBroken) => {
      opened++;
      const served = await openModel(mlp, WASM_RUNTIME, { onBroken, memory });
      await waitFor();
      return served;
    });
    return { registry, memory, count: () => opened };
  }

  test("keep the context of the request until they are open", async () => {
    const kept: Promise<void>[] = [];
    const { registry } = await offered({ keepAlive: (opening) => void kept.push(opening) });
    await registry.get("mlp");
    expect(kept).toHaveLength(1);
    await kept[0];
  });

  test("are opened anew if that was ended half-way", async () => {
    let now = 0;
    let works = false;
    const { registry, count } = await offered(
      { now: () => now },
      () => works ? Promise.resolve() : new Promise(() => {}),
    );
    await expect(registry.get("mlp")).rejects.toThrow("Model mlp is still being opened");
    now += 59_000;
    works = true;
    await expect(registry.get("mlp")).rejects.toThrow("Model mlp is still being opened");
    expect(count()).toBe(1);
    now += 2_000;
    expect((await registry.get("mlp")).card.name).toBe("mlp");
    expect(count()).toBe(2);
  });

  test("are closed where they were removed meanwhile", async () => {
    const gate = Promise.withResolvers<void>();
    const { registry, memory } = await offered({}, () => gate.promise);
    const asked = registry.get("mlp");
    await expect.poll(() => memory.used).toBeGreaterThan(0);
    registry.remove("mlp");
    gate.resolve();
    await expect(asked).rejects.toThrow("must be a model of this server (none)");
    await expect.poll(() => memory.used).toBe(0);
  });

  test("are waited for as long as not all are known", async () => {
    await startOnnxRuntime();
    const [, , mlp] = await modelFiles();
    const registry = new Registry([]);
    const complete = Promise.withResolvers<void>();
    registry.expectMore(complete.promise);
    const asked = [registry.get("mlp"), registry.get()];
    const cards = registry.cards();
    const unknown = expect(registry.get("gpt")).rejects.toThrow('got "gpt"');
    registry.offer(
      "mlp",
      { card: parseModelCard(mlp.card), version: "1" },
      (onBroken) => openModel(mlp, WASM_RUNTIME, { onBroken }),
    );
    complete.resolve();
    expect((await Promise.all(asked)).map(({ card }) => card.name)).toEqual(["mlp", "mlp"]);
    expect((await cards).map(({ name }) => name)).toEqual(["mlp"]);
    await unknown;

    registry.expectMore(new Promise(() => {}));
    await expect(registry.get("gpt")).rejects.toThrow("Model gpt is still being opened"); // and not: there is none
    expect((await registry.get("mlp")).card.name).toBe("mlp");
  });
});

test("a model that was removed while it was opened does not come back", async () => {
  await startOnnxRuntime();
  const [, , mlp] = await modelFiles();
  const memory = new ModelMemory();
  const registry = new Registry(["mlp"]);
  const added = registry.add("mlp", (onBroken) => openModel(mlp, WASM_RUNTIME, { onBroken, memory }));
  registry.remove("mlp");
  await added;
  expect([registry.names, memory.used]).toEqual([[], 0]);
});

test("a model that is too large for the memory of all is refused before it is opened", async () => {
  await startOnnxRuntime();
  const [bigram, gru] = await modelFiles();
  const memory = new ModelMemory(2 ** 20);
  const served = await openModel({ ...bigram, list: null }, WASM_RUNTIME, { memory });
  const { used } = memory;
  await expect(openModel(gru, WASM_RUNTIME, { memory })).rejects.toThrow(
    "all models together may take 1.0 MB",
  );
  expect(memory.used).toBe(used);
  expect(served.cache.size).toBeGreaterThan(0);
});
