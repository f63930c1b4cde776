import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../../trainer/load_model.ts";
import { denoTask } from "../../../trainer/commands/deno_task.ts";
import { findModelList, modelList } from "../../../trainer/commands/model_list.ts";
import { startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

const LINES = Array.from({ length: 20 }, (_, i) => `town${i}`);

/** Trains a model on a list; the list is then only beside the model. */
async function trained(): Promise<{ directory: string; list: string; copy: string }> {
  const directory = await temporaryDirectory();
  const list = join(directory, "towns.txt");
  await writeFile(list, LINES.join("\n"));
  const args = ["--architecture", "bigram", "--name", "places", "--data", list, "--out", directory];
  expect((await startTrainer(["train", ...args]).ended).code).toBe(0);
  await rename(list, `${list}.elsewhere`);
  const copy = (await readdir(directory)).find((file) => file.endsWith(".gz"))!;
  return { directory, list: `${list}.elsewhere`, copy: join(directory, copy) };
}

describe("modelList", () => {
  test("reads the copy beside the model, from which the same splits are made", async () => {
    const { directory } = await trained();
    const { lines, name, sha256 } = await modelList(await loadModel(directory, "places"), directory);
    expect(lines).toEqual(LINES);
    expect(name).toBe("towns.txt");
    expect(sha256).toBe((await loadModel(directory, "places")).card.dataset.sha256);
  });

  test("finds a list of this repository by its name, in place of a missing copy", async () => {
    const model = await loadModel("models", "bigram");
    expect((await modelList({ ...model, list: null }, "models", undefined, denoTask.lists)).lines)
      .toHaveLength(32_257);
  });

  test("says which list with which flag, if the copy is missing or another list", async () => {
    const { directory, list, copy } = await trained();
    await rm(copy);
    const message = (found: string) =>
      `Model places was trained on towns.txt (20 lines, SHA-256 ${
        sha256.slice(0, 12)
      }…), and ${copy} ${found}: ` +
      "give the list with --data PATH/towns.txt";
    const model = await loadModel(directory, "places");
    const { sha256 } = model.card.dataset;
    await expect(modelList(model, directory)).rejects.toThrow(message("is missing"));
    expect(await findModelList(model)).toBe(null);
    expect((await modelList(model, directory, list)).lines).toEqual(LINES);

    await writeFile(join(directory, "towns.txt"), LINES.toReversed().join("\n"));
    const another = await loadModel(directory, "places");
    await expect(modelList(another, directory)).rejects.toThrow(message("is another list"));
    await expect(modelList(another, directory, join(directory, "towns.txt"))).rejects.toThrow(
      "Model places was not trained on ",
    );
  });
});

test("sample without a list prints all things together, and refuses --novel", async () => {
  const { directory, copy } = await trained();
  await rm(copy);
  const sample = ["sample", "places", "--models", directory, "--n", "3"];
  const { code, stdout, stderr } = await startTrainer(sample).ended;
  expect(code).toBe(0);
  expect(stdout).toContain("3 towns from places, seed ");
  expect(stdout).toContain("in the list or new (3)");
  expect(stderr).toContain("The list of places, towns.txt, was not found");
  const novel = await startTrainer([...sample, "--novel"]).ended;
  expect(novel.code).toBe(1);
  expect(novel.stderr).toContain("give the list with --data PATH/towns.txt");
});

test.each([["sample"], ["evaluate"], ["report"]])(
  "%s of an unknown model names the models",
  async (command) => {
    const { code, stderr } = await startTrainer([command, "nope"]).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: Cannot load model nope from models: nope\.json is missing; the models are .*bigram/,
    );
  },
);
