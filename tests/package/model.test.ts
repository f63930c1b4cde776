import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Model, openModel, readModel, readModels } from "../../package/core.ts";
import type { ModelSource } from "../../package/model_source.ts";
import * as browser from "../../package/runtimes/browser.ts";
import * as node from "../../package/runtimes/node.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { writeArchive } from "../../trainer/model_archive.ts";

let source: ModelSource;
let model: Model;
beforeAll(async () => {
  source = await readModel("models", "gru");
  model = await openModel(source);
});
afterAll(() => model.close());

/** The first names of the seed 42, as GET /generate gives them. */
const NAMES = ["jaleah", "pep", "mistay"];

async function namesOf(model: Model, options = {}): Promise<string[]> {
  return (await model.sample({ n: 3, seed: 42, ...options })).map(({ name }) => name);
}

describe("openModel", () => {
  const card = async () => parseModelCard(String((await readModel("models", "gru")).card));

  test.each<[string, () => Promise<Parameters<typeof openModel>[0]>]>([
    ["a card that was imported", async () => ({ ...source, card: await card() })],
    ["an ArrayBuffer", () => Promise.resolve({ ...source, onnx: new Uint8Array(source.onnx).buffer })],
    ["a part of a larger buffer", async () => {
      const bytes = new Uint8Array(source.onnx);
      const larger = new Uint8Array(bytes.length + 8);
      larger.set(bytes, 4);
      return await Promise.resolve({ ...source, onnx: larger.subarray(4, -4) });
    }],
    ["shared memory", async () => {
      const bytes = new Uint8Array(source.onnx);
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
      shared.set(bytes);
      return await Promise.resolve({ ...source, onnx: shared });
    }],
    ["a zip file", async () => {
      const { onnx, list } = source as { onnx: Uint8Array<ArrayBuffer>; list: Uint8Array<ArrayBuffer> };
      return await writeArchive({ card: await card(), onnx, list });
    }],
  ])("opens %s", async (_what, read) => {
    const opened = await openModel(await read());
    expect(opened).toBeInstanceOf(Model);
    expect(await namesOf(opened)).toEqual(NAMES);
    opened.close();
  });

  test.each<[string, (list: Uint8Array) => ModelSource["list"]]>([
    ["bytes", (list) => list],
    ["text", (list) => new TextDecoder().decode(list)],
    ["gzip", (list) => gzipSync(list)],
  ])("takes the list as %s", async (_what, convert) => {
    const opened = await openModel({ ...source, list: convert(source.list as Uint8Array) });
    const novel = await namesOf(opened, { novel: true, n: 20 });
    const listed = new Set((await readFile("trainer/data/us-names-2018.txt", "utf8")).split("\n"));
    expect(novel).toHaveLength(20);
    expect(novel.filter((name) => listed.has(name))).toEqual([]);
    opened.close();
  });

  test.each<[string, object, string]>([
    ["text that is no card", { card: "{}" }, "Cannot read a model card: name: "],
    ["another model's file", { onnx: new Uint8Array(8) }, "gru.onnx is not the file that its card describes"],
    ["another list", { list: "ada\n" }, "us-names-2018.txt is not the file that its card describes"],
  ])("refuses %s", async (_what, changes, message) => {
    await expect(openModel({ ...source, ...changes })).rejects.toThrow(message);
  });

  test("refuses bytes that are no zip file", async () => {
    await expect(openModel(new Uint8Array(8))).rejects.toThrow("its files are needed, { card, onnx }");
  });
});

describe("sample", () => {
  test("makes what the server makes, and as many names as are asked for", async () => {
    expect(await namesOf(model)).toEqual(NAMES);
    expect(await model.sample()).toHaveLength(10);
    expect((await model.sample({ n: 1, prefix: "mar", minLength: 6, maxLength: 6 }))[0].name).toMatch(
      /^mar...$/,
    );
  });

  test("draws as torch.multinomial, with its lengths", async () => {
    const names = await namesOf(model, { compat: "torch" });
    expect(names).not.toEqual(NAMES);
    expect(await namesOf(model, { compat: "torch", minLength: 0, maxLength: 256 })).toEqual(names);
  });

  test.each<[object, string]>([
    [{ n: 0 }, "Cannot sample with n 0: it must be a whole number from 1 to "],
    [{ n: 1.5 }, "Cannot sample with n 1.5: "],
    [{ seed: -1 }, "Cannot sample with seed -1: it must be a whole number from 0 to 9007199254740991"],
    [{ temperature: 0 }, "Cannot sample with temperature 0: it must be a number from 0.05 to 5"],
    [{ temperature: NaN }, "Cannot sample with temperature NaN: "],
    [{ topP: 1.5 }, "Cannot sample with topP 1.5: "],
    [{ topK: 0 }, "Cannot sample with topK 0: "],
    [{ maxLength: 300 }, "Cannot sample with maxLength 300: it must be a whole number from 1 to 256"],
    [{ minLength: 9, maxLength: 3 }, "Cannot sample with minLength 9: it is above maxLength, 3"],
    [
      { prefix: "marie", maxLength: 3 },
      'Cannot sample with prefix "marie": it must have at most 3 characters',
    ],
    [{ compat: "numpy" }, 'Cannot sample with compat "numpy": it must be "torch"'],
    [{ prefix: "r2" }, 'character "2" at position 2'],
  ])("refuses %j", async (options, message) => {
    await expect(model.sample(options)).rejects.toThrow(message);
    await expect(model.stream(options).next()).rejects.toThrow(message);
  });

  test("refuses novel without a list", async () => {
    const opened = await openModel({ ...source, list: undefined });
    await expect(opened.sample({ novel: true })).rejects.toThrow("without the list that it was trained on");
    opened.close();
  });
});

describe("stream", () => {
  test("gives what sample gives, one after the other, without end", async () => {
    const sampled = await model.sample({ n: 200, seed: 7, unique: true });
    const streamed = [];
    for await (const name of model.stream({ seed: 7, unique: true })) {
      streamed.push(name);
      if (streamed.length === 200) break;
    }
    expect(streamed).toEqual(sampled);
  });

  test("ends after n things", async () => {
    const streamed = [];
    for await (const { name } of model.stream({ n: 3, seed: 42 })) streamed.push(name);
    expect(streamed).toEqual(NAMES);
  });

  test("ends when nothing is left", async () => {
    const letters = [];
    for await (const { name } of model.stream({ seed: 1, unique: true, maxLength: 1 })) letters.push(name);
    expect(letters.length).toBeGreaterThan(5);
    expect(new Set(letters).size).toBe(letters.length);
  });
});

describe("score and next", () => {
  test("say what the server says", async () => {
    const { perplexity, percentile, possible, characters } = await model.score("Andrej");
    expect(perplexity).toBeCloseTo(5.0268, 4);
    expect(percentile).toBeCloseTo(76.864, 2);
    expect(possible).toBe(true);
    expect(characters.map(({ character }) => character).join("")).toBe("andrej.");
    const next = await model.next("Mar");
    expect(next).toHaveLength(27);
    expect(next.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(await model.next()).toEqual(await model.next(""));
  });

  test("a thing with probability 0 is not possible", async () => {
    const bigram = await openModel(await readModel("models", "bigram"));
    const { possible, nll } = await bigram.score("xqqqq");
    expect({ possible, infinite: nll === Infinity }).toEqual({
      possible: nll !== Infinity,
      infinite: !possible,
    });
    bigram.close();
  });

  test.each([
    ["", 'Cannot score "": the text must be 1 to 256 characters'],
    ["r2", 'Cannot score "r2": the text has the character "2" at position 2, which model gru does not know'],
  ])("refuse %j", async (name, message) => {
    await expect(model.score(name)).rejects.toThrow(message);
  });

  test("next refuses a long beginning", async () => {
    await expect(model.next("a".repeat(257))).rejects.toThrow("the text must be 1 to 256 characters");
  });
});

test("a closed model answers nothing", async () => {
  const closed = await openModel(source);
  closed.close();
  closed.close();
  const message = "model gru is closed";
  await expect(closed.sample()).rejects.toThrow(message);
  await expect(closed.score("ada")).rejects.toThrow(message);
  await expect(closed.next()).rejects.toThrow(message);
  await expect(closed.stream().next()).rejects.toThrow(message);
  const streaming = await openModel(source);
  const stream = streaming.stream({ seed: 1 });
  await stream.next();
  streaming.close();
  await expect(stream.next()).rejects.toThrow(message);
});

test("readModels reads a folder", async () => {
  const names = (await readModels("models")).map(({ card }) => parseModelCard(String(card)).name);
  expect(names).toEqual(expect.arrayContaining(["bigram", "gru", "mlp", "towns", "transformer"]));
  await expect(readModel("models", "none")).rejects.toThrow("none.json is missing");
});

test("ONNX Runtime's memory is bounded, and nobody else's", () => {
  expect(() => new WebAssembly.Memory({ initial: 1, maximum: 65536 })).not.toThrow();
  expect(WebAssembly.Memory.name).toBe("Memory");
});

test("where there are no files, the same functions say so", async () => {
  expect(Object.keys(browser).sort()).toEqual(Object.keys(node).sort());
  await expect(browser.readModel("models", "gru")).rejects.toThrow(
    "Cannot read models/gru.json: there are no files",
  );
  await expect(browser.readModels("models")).rejects.toThrow("Cannot read models: there are no files here");
  expect(await browser.findWasm()).toBeNull();
});
