import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readModel } from "../../../functions/inference/model_directory.ts";
import { startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

test("known gives a model without its list the file and the card that train would have written", async () => {
  const directory = await temporaryDirectory();
  const { known_names: _, ...card } = JSON.parse(await readFile("models/bigram.json", "utf8"));
  await writeFile(join(directory, "bigram.json"), JSON.stringify(card));
  await copyFile("models/bigram-f42930ee.onnx", join(directory, "bigram.onnx")); // by hand, without its hash
  const { code, stdout } = await startTrainer(["known", "bigram", "--models", directory]).ended;
  expect(code).toBe(0);
  expect(stdout).toContain("bigram-f433360f.known: 29693 different names in ");
  expect((await readdir(directory)).sort()).toEqual(["bigram-f433360f.known", "bigram.json", "bigram.onnx"]);
  expect(await readModel(directory, "bigram")).toEqual(await readModel("models", "bigram"));
  const other = await startTrainer(["known", "bigram", "--models", directory, "--data", "README.md"]).ended;
  expect(other).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Model bigram was not trained on README.md"),
  });
});

test("sample --novel prints no name of the list, and says where there are too few", async () => {
  const { code, stdout } = await startTrainer(["sample", "tuned", "--novel", "--n", "50", "--seed", "1"])
    .ended;
  expect(code).toBe(0);
  expect(stdout).toContain("in the list (0)");
  expect(stdout).toContain("new (50)");
  const none = await startTrainer(["sample", "tuned", "--novel", "--top-k", "1", "--n", "2", "--seed", "1"])
    .ended;
  expect(none.stderr).toContain("0 of 2 names: 40 were drawn, of which 40 are in the training list");
});
