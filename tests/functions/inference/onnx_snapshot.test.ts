import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { listModels, readModel } from "../../../functions/inference/model_directory.ts";
import { type OnnxRuntime, openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { provideOnnxRuntime, WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import {
  OnnxSnapshot,
  SNAPSHOT_SECTION,
  type SnapshotHeader,
} from "../../../functions/inference/onnx_snapshot.ts";
import type { LanguageModel } from "../../../shared/language_model.ts";
import { type ModelCard, parseModelCard } from "../../../shared/model_card.ts";
import { takeOnnxSnapshot } from "../../../scripts/take_onnx_snapshot.ts";
import { startDeno } from "../../processes.ts";
import { makeTemporaryDirectory } from "../../temporary_directory.ts";

/** How many characters are put through each model. */
const STEPS = 12;

const ORDINARY = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");

let module: WebAssembly.Module;
let snapshot: OnnxSnapshot;
/** ONNX Runtime Web, restored. */
let runtime: OnnxRuntime;
/** How many bytes each session was created from. */
const lengths: number[] = [];
let bytes: Uint8Array<ArrayBuffer>;
let models: { text: string; card: ModelCard; onnx: Uint8Array<ArrayBuffer> }[];

beforeAll(async () => {
  const { directory, remove } = await makeTemporaryDirectory();
  const build = [
    "run",
    "--quiet", // with an empty cache, Deno would tell what it downloads
    "--allow-read",
    `--allow-write=${directory}`,
    "--allow-env",
    "scripts/build_worker.ts",
  ];
  const { code, stderr } = await startDeno([...build, directory]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  bytes = await readFile(join(directory, "onnx_runtime.wasm"));
  await remove();
  module = await WebAssembly.compile(bytes);
  snapshot = OnnxSnapshot.read(module)!;
  provideOnnxRuntime(module, undefined, snapshot);
  const { InferenceSession } = WASM_RUNTIME;
  runtime = snapshot.runtime({
    ...WASM_RUNTIME,
    InferenceSession: {
      create(onnx, options) {
        lengths.push(onnx.length);
        return InferenceSession.create(onnx, options);
      },
    },
  });
  models = await Promise.all((await listModels("models")).map(async (name) => {
    const { card, onnx } = await readModel("models", name);
    return { text: card, card: parseModelCard(card), onnx: onnx! };
  }));
});

/** The log-probabilities after each of some characters, one after another. */
async function rows(model: LanguageModel): Promise<Float32Array[]> {
  const { contextLength, vocabularySize, states } = model;
  let past = states.map(({ shape }) =>
    new Float32Array(shape.reduce<number>((a, b) => b === "past" ? 0 : a * b, 1))
  );
  const rows = [];
  const tokens = new Array(contextLength ?? 1).fill(0);
  for (let step = 0; step < STEPS; step++) {
    const { logProbs, present } = await model.step(Int32Array.from(tokens), 1, past);
    rows.push(logProbs.slice());
    past = present.map((state) => state.slice());
    tokens.push((5 * step + 3) % vocabularySize);
    tokens.shift();
  }
  return rows;
}

test("a model of the snapshot has its session from there, and answers with the same bits as one that is made", async () => {
  expect(models.map(({ card }) => card.name)).toEqual(["bigram", "gru", "mlp", "towns", "transformer"]);
  for (const { text, card, onnx } of models) {
    expect(runtime.hasTried!(createHash("sha256").update(text).digest("hex")), card.name).toBe(true);
    const restored = await openOnnxModel(onnx, card, runtime);
    expect(lengths.at(-1), card.name).toBeLessThan(100);
    const made = await openOnnxModel(onnx, card, runtime); // the snapshot has one session of each
    expect(lengths.at(-1)).toBe(onnx.length);
    const expected = await rows(made);
    expect(expected[STEPS - 1]).toHaveLength(restored.vocabularySize);
    expect(await rows(restored), card.name).toEqual(expected);
    await restored.close();
    expect(await rows(made)).toEqual(expected);
    await made.close();
    await expect(rows(restored)).rejects.toThrow();
  }
});

test("what is in memory is not initialised again", async () => {
  const memory = new WebAssembly.Memory({ initial: snapshot.pages, maximum: 2 ** 14, shared: true });
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const fail = () => {
      throw new Error(`${name} was called`);
    };
    (imports[from] ??= {})[name] = kind === "memory" ? memory : fail;
  }
  const exports = await snapshot.instantiate(module, imports, memory);
  const [section] = WebAssembly.Module.customSections(module, SNAPSHOT_SECTION);
  const header: SnapshotHeader = JSON.parse(new TextDecoder().decode(section));
  const hash = () => createHash("sha256").update(new Uint8Array(memory.buffer)).digest("hex");
  const before = hash();
  const { constructors, initialize } = header.exports;
  expect((exports[constructors] as () => void)()).toBeUndefined();
  expect((exports[initialize] as (threads: number, level: number) => number)(1, 3)).toBe(0);
  expect(hash()).toBe(before);
});

test("memory that ONNX Runtime has freed is not in it: of weights it has one copy", () => {
  const { onnx } = models.find(({ card }) => card.name === "transformer")!;
  const middle = Math.floor(onnx.length / 2);
  const weights = onnx.subarray(middle, middle + 32);
  const first = Buffer.from(bytes).indexOf(weights);
  expect(first).toBeGreaterThan(0);
  expect(Buffer.from(bytes).lastIndexOf(weights)).toBe(first);
});

test("a model that is not in the snapshot is opened as ever", async () => {
  const [{ card, onnx }] = models;
  const other = new Uint8Array([...onnx, 0x32, 0]); // with an empty documentation string
  expect(runtime.hasTried!("0".repeat(64))).toBe(false);
  const model = await openOnnxModel(other, card, runtime);
  expect(lengths.at(-1)).toBe(other.length);
  expect(await rows(model)).toHaveLength(STEPS);
  await expect(openOnnxModel(new Uint8Array(20), card, runtime)).rejects.toThrow("Can't create a session");
});

test("ONNX Runtime Web's ordinary module is no snapshot", async () => {
  expect(OnnxSnapshot.read(await WebAssembly.compile(await readFile(ORDINARY)))).toBeNull();
});

test.each([
  ["its JavaScript has no _OrtCreateSession", "_OrtInit=c.Wa", (wasm: Uint8Array) => wasm],
  ["its global 0 is not a mutable 32-bit integer", "_OrtCreateSession=c.bb", withConstantGlobal],
])(
  "no snapshot is taken of a build of ONNX Runtime Web that is not as expected: %s",
  async (reason, glue, change) => {
    const wasm = change(await readFile(ORDINARY));
    await expect(takeOnnxSnapshot(new Uint8Array(wasm), glue, [])).rejects.toThrow(reason);
  },
);

/** A module with one global, a constant. */
function withConstantGlobal(wasm: Uint8Array): Uint8Array {
  return new Uint8Array([...wasm.subarray(0, 8), 6, 6, 1, 0x7f, 0, 0x41, 0, 0x0b]);
}
