import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type Checkpoint, checkpointPath, loadCheckpoint, saveCheckpoint } from "../../trainer/checkpoint.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

const parameter = { shape: [2], values: Float32Array.of(1.5, -0.1) };
const CHECKPOINT = {
  options: { name: "a" },
  listSha256: "00",
  seconds: 1,
  state: { step: 3, parameters: { b: parameter }, optimizerState: { b: [parameter] }, best: null },
} as unknown as Checkpoint;

test("a checkpoint is read as it was written, to the last bit", async () => {
  const directory = await temporaryDirectory();
  await saveCheckpoint(directory, CHECKPOINT);
  expect(await loadCheckpoint(directory, "a")).toEqual(CHECKPOINT);
});

test("a checkpoint of version 1 is read; one of a later version is refused", async () => {
  const directory = await temporaryDirectory();
  await saveCheckpoint(directory, CHECKPOINT);
  const path = checkpointPath(directory, "a");
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace('"version":2,', "").replace('"optimizerState"', '"slots"'));
  expect(await loadCheckpoint(directory, "a")).toEqual(CHECKPOINT);
  await writeFile(path, text.replace('"version":2', '"version":3'));
  await expect(loadCheckpoint(directory, "a")).rejects.toThrow("its format is version 3, newer than 2");
});
