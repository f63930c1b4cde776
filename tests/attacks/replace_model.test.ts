import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { Registry } from "../../functions/inference/registry.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { sha256 } from "../../shared/sha256.ts";
import { startOnnxRuntime } from "../onnx_runtime.ts";
import { type Program, startDeno } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import type { SaveJob } from "./save_models.ts";

/** The committed bigram and MLP under one name, so that each can replace the other, with different lists. */
const NAME = "pets";
let [bigram, mlp]: SaveJob[] = [];

beforeAll(async () => {
  await startOnnxRuntime();
  [bigram, mlp] = await Promise.all(["bigram", "mlp"].map(async (name) => {
    const { card: text, onnx } = await readModel("models", name);
    const card = parseModelCard(text);
    const list = new TextEncoder().encode(`ada\n${name}\n`);
    const dataset = { ...card.dataset, name: `${name}s.txt`, sha256: await sha256(list) };
    return { card: { ...card, name: NAME, dataset }, onnx: onnx!.toBase64(), list: list.toBase64() };
  }));
});

/** Starts save_models.ts, which saves models into a directory. */
async function startSaving(directory: string, jobs: SaveJob[], step?: number): Promise<Program> {
  const file = join(directory, "..", "jobs.json");
  await writeFile(file, JSON.stringify(jobs));
  const recorded = "--import-map=tests/attacks/recorded_files.json";
  const args = ["run", "--allow-all", recorded, "tests/attacks/save_models.ts", directory, file];
  return startDeno(step === undefined ? args : [...args, String(step)]);
}

/** Saves models without interruption; returns the calls that changed files. */
async function save(directory: string, ...jobs: SaveJob[]): Promise<string[]> {
  const { code, stdout, stderr } = await (await startSaving(directory, jobs)).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

/** Makes an empty directory of models inside a temporary one. */
async function modelDirectory(): Promise<string> {
  const directory = join(await temporaryDirectory(), "models");
  await mkdir(directory);
  return directory;
}

/** Opens the model of a directory as the server does; returns which model it is, and which list it has. */
async function servedModel(directory: string): Promise<string> {
  const registry = await Registry.open([await readModel(directory, NAME)]);
  expect(registry.statuses()).toMatchObject([{ name: NAME, status: "ready" }]);
  const { card, trainingNames } = await registry.get(NAME);
  const lists = ["bigram", "mlp"].filter((name) => trainingNames?.has(name));
  return `${card.architecture} with ${lists.join() || "no list"}`;
}

/** The files of a model as a directory lists them. */
function filesOf(card: Parameters<typeof modelFileNames>[1], name = NAME): string[] {
  const { onnx, list } = modelFileNames(name, card);
  return [list.versioned, onnx.versioned, `${name}.json`].sort();
}

/** Saves the bigram under file names without hashes, as a person who copies the files would. */
async function saveWithPlainNames(directory: string): Promise<void> {
  await save(directory, bigram);
  const { onnx, list } = modelFileNames(NAME, bigram.card);
  await writeFile(join(directory, onnx.plain), Uint8Array.fromBase64(bigram.onnx));
  await writeFile(join(directory, list.plain), Uint8Array.fromBase64(bigram.list));
  for (const { versioned } of [onnx, list]) await rm(join(directory, versioned));
}

describe("if saving is killed before any call that changes a file, the old or the new model is whole", () => {
  test.each<
    [
      what: string,
      before: (directory: string) => Promise<unknown>,
      job: () => SaveJob,
      old: string,
      now: string,
      kept?: () => string[],
    ]
  >([
    ["a model", (directory) => save(directory, bigram), () => mlp, "bigram with bigram", "mlp with mlp"],
    [
      "a model whose files were copied by hand; its list may be the user's only copy",
      saveWithPlainNames,
      () => mlp,
      "bigram with bigram",
      "mlp with mlp",
      () => ["bigrams.txt"],
    ],
    [
      "a model that has no list",
      async (directory) => {
        await save(directory, bigram);
        await rm(join(directory, modelFileNames(NAME, bigram.card).list.versioned));
      },
      () => mlp,
      "bigram with no list",
      "mlp with mlp",
    ],
    [
      "a model by another of the same list",
      (directory) => save(directory, bigram),
      () => ({ ...bigram, card: { ...mlp.card, dataset: bigram.card.dataset }, onnx: mlp.onnx }),
      "bigram with bigram",
      "mlp with bigram",
    ],
    [
      "a model whose list another model was trained on",
      (directory) => save(directory, { ...bigram, card: { ...bigram.card, name: "other" } }, bigram),
      () => mlp,
      "bigram with bigram",
      "mlp with mlp",
      () => filesOf({ ...bigram.card }, "other"),
    ],
  ])("%s", async (_what, prepare, job, old, now, kept = () => []) => {
    const directory = await modelDirectory();
    await prepare(directory);
    const files = new Map<string, Uint8Array>();
    for (const file of await readdir(directory)) files.set(file, await readFile(join(directory, file)));

    const calls = await save(directory, job());
    expect(await servedModel(directory)).toBe(now);
    const after = (await readdir(directory)).sort();
    const whole = filesOf(parseModelCard((await readModel(directory, NAME)).card));
    expect(after).toEqual([...whole, ...kept()].sort());

    const seen: string[] = [];
    for (let step = 1; step <= calls.length; step++) {
      await rm(directory, { recursive: true });
      await mkdir(directory);
      for (const [file, content] of files) await writeFile(join(directory, file), content);
      const killed = await (await startSaving(directory, [job()], step)).ended;
      expect(killed.stderr).toBe("");
      expect(killed.code).not.toBe(0);
      seen.push(await servedModel(directory));
      expect([old, now], `killed before: ${calls[step - 1]}`).toContain(seen.at(-1));
      // The next attempt succeeds: no lock and no temporary file is left.
      await save(directory, job());
      const left = (await readdir(directory)).sort();
      expect(left).toEqual(expect.arrayContaining(after));
      // Only old files may be left, if saving was killed after it had replaced the card.
      expect(left.filter((file) => !after.includes(file) && !files.has(file))).toEqual([]);
    }
    // Both models were seen, and the old one never after the new one.
    expect([...new Set(seen)]).toEqual([old, now]);
    expect(seen.lastIndexOf(old)).toBeLessThan(seen.indexOf(now));
  }, 300_000);
});

test("a power failure also leaves a whole model: each file is synced before its name", async () => {
  const directory = await modelDirectory();
  await save(directory, bigram);
  const calls = await save(directory, mlp);
  const position = (call: RegExp) => {
    const found = calls.findIndex((other) => call.test(other));
    expect(found, String(call)).not.toBe(-1);
    return found;
  };
  for (const file of ["pets\\.onnx", "mlps\\.txt", "pets\\.json"]) {
    expect(position(RegExp(`^sync \\.${file}\\.tmp$`))).toBeLessThan(
      position(RegExp(`^rename \\.${file}\\.tmp`)),
    );
  }
  const card = position(/to pets\.json$/);
  const syncs = calls.flatMap((call, i) => (call === "sync the directory" ? [i] : []));
  for (const file of [/to pets-\w+\.onnx$/, /to mlps-\w+\.txt\.gz$/]) {
    expect(syncs.some((sync) => position(file) < sync && sync < card)).toBe(true);
  }
  expect(syncs.some((sync) => card < sync && sync < position(/^remove /))).toBe(true);
});

test("a reader sees only whole models while two processes replace the model", async () => {
  const directory = await modelDirectory();
  await save(directory, bigram);
  const jobs = Array.from({ length: 60 }, (_, i) => (i % 2 ? bigram : mlp));
  let running = 2;
  const savers = [jobs, jobs.toReversed()].map(async (jobs) => {
    const { code, stderr } = await (await startSaving(directory, jobs)).ended;
    running--;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
  const architectures = new Set<string>();
  while (running > 0) {
    const { card: text, onnx, list } = await readModel(directory, NAME);
    const card = parseModelCard(text);
    architectures.add(card.architecture);
    const job = card.architecture === "mlp" ? mlp : bigram;
    expect(onnx!.toBase64() === job.onnx).toBe(true);
    expect(list!.toBase64()).toBe(job.list);
  }
  await Promise.all(savers);
  expect([...architectures].sort()).toEqual(["bigram", "mlp"]);
  const { card } = await readModel(directory, NAME);
  expect((await readdir(directory)).sort()).toEqual(filesOf(parseModelCard(card)));
}, 120_000);
