import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../../functions/app.ts";
import { ModelMemory } from "../../../functions/inference/model_memory.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "../../../functions/inference/registry.ts";
import { estimateMemory, openModel } from "../../../functions/inference/served_model.ts";
import { sample } from "../../../shared/sampling.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { modelFiles } from "../serve_models.ts";
import { withCard } from "./model_versions.ts";

const MB = 2 ** 20;

beforeAll(startOnnxRuntime);

describe("ModelMemory", () => {
  /** Memory of 100 bytes, and the names of what was emptied and of what was closed. */
  function memoryOf100() {
    const trimmed: string[] = [];
    const closed: string[] = [];
    const clock = { now: 0 };
    const memory = new ModelMemory(100, () => clock.now);
    const open = (name: string, bytes: number) => {
      const share = memory.share(bytes);
      share.onTrim = () => {
        trimmed.push(name);
        share.release();
      };
      share.onClose = () => {
        closed.push(name);
        share.release();
      };
      return share;
    };
    return { trimmed, closed, clock, memory, open };
  }

  test("closes the models that were used least recently until another one fits", () => {
    const { closed, memory, open } = memoryOf100();
    const a = open("a", 40);
    open("b", 30);
    open("c", 20);
    a.use();
    open("d", 50);
    expect(closed).toEqual(["b", "c"]);
    expect(memory.used).toBe(90);
  });

  test("has no place for a model that is larger than all of it", () => {
    const { closed, open } = memoryOf100();
    open("a", 40);
    expect(() => open("b", 101)).toThrow("it takes about 0.0 MB, and all models together may take 0.0 MB");
    expect(closed).toEqual([]);
  });

  test("empties caches that were not used for a while in favour of one that is, and closes no model for it", () => {
    const { trimmed, closed, clock, memory, open } = memoryOf100();
    const a = open("a", 30);
    const b = open("b", 30);
    const c = open("c", 10);
    for (const share of [a, b]) expect(share.reserve(15, false)).toBe(true);
    expect(c.reserve(10, false)).toBe(false);
    expect(trimmed).toEqual([]);
    clock.now += 10_000;
    b.use();
    expect(c.reserve(10, false)).toBe(true);
    expect(c.reserve(10, false)).toBe(false); // b was used a moment ago
    expect([trimmed, closed, memory.used]).toEqual([["a", "a"], [], 95]);
  });

  test("takes the cache of a model for another model before the model itself", () => {
    const { trimmed, closed, memory, open } = memoryOf100();
    const a = open("a", 30);
    a.reserve(30, false);
    open("b", 20);
    open("c", 50);
    expect([trimmed, closed, memory.used]).toEqual([["a"], [], 100]);
  });

  test("counts what a cache needs in any case, even where there is no more", () => {
    const { closed, memory, open } = memoryOf100();
    const a = open("a", 90);
    expect(a.reserve(20, true)).toBe(true);
    expect([memory.used, closed]).toEqual([110, []]);
    a.close();
    a.close();
    expect([memory.used, closed]).toEqual([0, ["a"]]);
  });

  test("counts a closed model as open again when its cache takes memory, after a step that was running", () => {
    const { closed, memory, open } = memoryOf100();
    const a = open("a", 50);
    a.close();
    expect(a.reserve(10, false)).toBe(true);
    expect(memory.used).toBe(60);
    a.close();
    expect([memory.used, closed]).toEqual([0, ["a", "a"]]);
  });

  test("closes retired models when they have not been used for a while", () => {
    const { closed, clock, memory, open } = memoryOf100();
    const [a, b] = [open("a", 10), open("b", 10)];
    a.retired = true;
    clock.now += 9_999;
    memory.closeRetired();
    expect(closed).toEqual([]);
    clock.now += 1;
    memory.closeRetired();
    expect(closed).toEqual(["a"]);
    expect(b.retired).toBe(false);
  });
});

describe("many models in little memory", () => {
  /** A registry of copies of the committed MLP, with a memory that has room for a few of them. */
  async function serveCopies(count: number, bytes: number) {
    const [, , mlp] = await modelFiles();
    const files = new Map<string, ModelFiles>();
    for (let i = 0; i < count; i++) files.set(`mlp${i}`, withCard({ ...mlp, list: null }, `mlp${i}`));
    const memory = new ModelMemory(bytes);
    const registry = new Registry(files.keys());
    let opened = 0;
    for (const [name, file] of files) {
      await registry.add(name, (onBroken) => {
        opened++;
        return openModel(file, WASM_RUNTIME, { onBroken, memory });
      });
    }
    const app = createApp(registry, { runtime: "test" });
    const ask = async (name: string) => {
      const response = await app.request(`/generate?n=3&seed=1&model=${name}`);
      return [response.status, (await response.json()).names];
    };
    return { memory, registry, app, ask, count: () => opened, size: estimateMemory(files.get("mlp0")!) };
  }

  test("all answer, though only some are open at a time", async () => {
    const bytes = 8 * MB;
    const { memory, registry, app, ask, count } = await serveCopies(30, bytes);
    expect(count()).toBe(30);
    expect(memory.used).toBeLessThanOrEqual(bytes);
    expect(registry.statuses().map(({ status }) => status)).toEqual(Array(30).fill("ready"));
    expect(await (await app.request("/models")).json()).toHaveLength(30);

    const first = await ask("mlp0");
    expect(first[0]).toBe(200);
    expect(count()).toBe(31); // it had been closed
    for (let i = 0; i < 30; i++) {
      expect(await ask(`mlp${i}`)).toEqual(first);
      expect(memory.used).toBeLessThanOrEqual(bytes);
    }
    const before = count();
    for (let i = 0; i < 5; i++) expect(await ask("mlp29")).toEqual(first);
    expect(count()).toBe(before); // the one that was asked last stays open
  });

  test("count each request as a use, also one that is answered from the cache", async () => {
    const { registry } = await serveCopies(2, 64 * MB);
    const [first, second] = [await registry.get("mlp0"), await registry.get("mlp1")];
    expect(first.memory.lastUse).toBeLessThan(second.memory.lastUse);
    await registry.get("mlp0");
    expect(first.memory.lastUse).toBeGreaterThan(second.memory.lastUse);
  });

  test("all answer, where requests for all of them come together", async () => {
    const bytes = 8 * MB;
    const { memory, ask } = await serveCopies(12, bytes);
    const names = Array.from({ length: 60 }, (_, i) => `mlp${(7 * i) % 12}`);
    const answers = await Promise.all(names.map(ask));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0][0]).toBe(200);
    expect(memory.used).toBeLessThanOrEqual(bytes);
  });
});

describe("a cache in little memory", () => {
  test.each(["mlp", "gru"])("of %s gives the same names, and takes no more", async (name) => {
    const files = (await modelFiles()).find((model) => model.name === name)!;
    const fixed = estimateMemory(files);
    const options = { n: 300, seed: 9, temperature: 4 };
    const roomy = await openModel(files, WASM_RUNTIME);
    const expected = await sample(roomy.cache, roomy.vocabulary, options);
    const memory = new ModelMemory(fixed + 3 * MB);
    const narrow = await openModel(files, WASM_RUNTIME, { memory });
    expect(await sample(narrow.cache, narrow.vocabulary, options)).toEqual(expected);
    expect(narrow.cache.size).toBeLessThan(roomy.cache.size);
    expect(memory.used).toBeGreaterThan(fixed + 1.5 * MB);
    expect(memory.used).toBeLessThanOrEqual(fixed + 3 * MB);
    narrow.memory.close();
    expect(memory.used).toBe(0);
    expect(narrow.cache.size).toBe(0);
    expect(await sample(narrow.cache, narrow.vocabulary, options)).toEqual(expected); // it is opened again
    expect(memory.used).toBeGreaterThan(fixed);
  });

  test.each(["mlp", "gru"])("of %s is closed while a run is on, and goes on", async (name) => {
    const files = (await modelFiles()).find((model) => model.name === name)!;
    const { cache, vocabulary, memory } = await openModel(files, WASM_RUNTIME);
    const options = { n: 200, seed: 3, temperature: 4 };
    const expected = await sample(cache, vocabulary, options);
    memory.close();
    const sampled = sample(cache, vocabulary, options);
    let running = true;
    void sampled.finally(() => running = false);
    let closed = 0;
    for (let turn = 0; running; turn++) {
      if (turn % 50 === 49 && ++closed < 20) memory.close();
      await Promise.resolve();
      if (turn % 1000 === 999) await new Promise((resolve) => setTimeout(resolve));
    }
    expect(await sampled).toEqual(expected);
    expect(closed).toBeGreaterThan(5);
  });
});
