import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { saveModel } from "../../trainer/save_model.ts";
import type { UnsavedCard } from "../../trainer/train_model.ts";
import { sha256 } from "../../shared/sha256.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** The committed bigram model: its file, its card without the file's hash, and a list of two names in place of its own. */
async function committed(names = "ada\neve\n"): Promise<{
  onnx: Uint8Array<ArrayBuffer>;
  list: Uint8Array<ArrayBuffer>;
  card: UnsavedCard;
}> {
  const { onnx, ...files } = await readModel("models", "bigram");
  const { sha256: _, ...card } = parseModelCard(files.card);
  const list = new TextEncoder().encode(names);
  return { onnx: onnx!, list, card: { ...card, dataset: { ...card.dataset, sha256: await sha256(list) } } };
}

describe("saveModel", () => {
  test("writes both files, whole, and loadModel reads them", async () => {
    const directory = join(await temporaryDirectory(), "new", "models");
    const { onnx, list, card } = await committed();
    const saved = await saveModel(directory, { onnx, list }, card);
    expect((await readdir(directory)).sort()).toEqual([
      modelFileNames("bigram", saved).list.versioned,
      modelFileNames("bigram", saved).onnx.versioned,
      "bigram.json",
    ].sort());
    const loaded = await loadModel(directory, "bigram");
    expect(loaded.card).toEqual(saved);
    expect(loaded.vocabulary.size).toBe(27);
    expect((await readModel(directory, "bigram")).list).toEqual(list);
    expect(loaded.parameters.log_probs_table.shape).toEqual([27, 27]);
  });

  test("leaves the old model as it was when it cannot write the new one", async () => {
    const directory = await temporaryDirectory();
    const { onnx, list, card } = await committed();
    await saveModel(directory, { onnx, list }, card);
    const before = await readFile(join(directory, "bigram.json"));
    await expect(saveModel(directory, { onnx, list }, { ...card, parameters: -1 })).rejects.toThrow(
      "parameters",
    );
    const files = await readdir(directory);
    // Directories in the way of temporary files: of the list's, when the ONNX file is aside, and of the card's, when both
    // have their names.
    const other = await committed("bob\n");
    for (const inTheWay of [".us-names-2018.txt.tmp", ".bigram.json.tmp"]) {
      await mkdir(join(directory, inTheWay, "in the way"), { recursive: true });
      for (const next of [{ list, card }, other]) { // a list that is there, and a new one
        await expect(saveModel(directory, { onnx: onnx.slice(1), list: next.list }, next.card)).rejects
          .toThrow();
      }
      await rm(join(directory, inTheWay), { recursive: true });
      expect((await readdir(directory)).sort()).toEqual(files.sort());
      expect(await readFile(join(directory, "bigram.json"))).toEqual(before);
    }
    expect((await loadModel(directory, "bigram")).card.name).toBe("bigram");
  });

  test("removes no plain file that the old card does not describe", async () => {
    const directory = await temporaryDirectory();
    const { onnx, list, card } = await committed();
    const saved = await saveModel(directory, { onnx, list }, card);
    await rm(join(directory, modelFileNames("bigram", saved).onnx.versioned));
    await writeFile(join(directory, "bigram.onnx"), "of somebody else");
    await saveModel(directory, { onnx, list }, card);
    expect(await readFile(join(directory, "bigram.onnx"), "utf8")).toBe("of somebody else");
  });

  test("keeps a list as long as a card in the directory points to it, or may do so", async () => {
    const directory = await temporaryDirectory();
    const { onnx, list, card } = await committed();
    const other = await committed("bob\n");
    const lists = async () => (await readdir(directory)).filter((file) => file.endsWith(".gz")).length;
    for (const name of ["a", "b"]) await saveModel(directory, { onnx, list }, { ...card, name });
    expect(await lists()).toBe(1);
    await saveModel(directory, { onnx, list: other.list }, { ...other.card, name: "a" });
    expect(await lists()).toBe(2);
    await writeFile(join(directory, "c.json"), "of a later version");
    await saveModel(directory, { onnx, list: other.list }, { ...other.card, name: "b" });
    expect(await lists()).toBe(2);
    await rm(join(directory, "c.json"));
    await saveModel(directory, { onnx, list }, { ...card, name: "b" });
    await saveModel(directory, { onnx, list: other.list }, { ...other.card, name: "b" });
    expect(await lists()).toBe(1);
  });
});

describe("loadModel", () => {
  test("says what is missing or broken", async () => {
    const directory = await temporaryDirectory();
    await expect(loadModel(directory, "pets")).rejects.toThrow(
      "pets.json is missing; there are no models; the command train makes one",
    );
    await expect(loadModel(join(directory, "none"), "pets")).rejects.toThrow(
      "there is no such directory; --models says where the models are",
    );
    const { onnx, list, card } = await committed();
    const saved = await saveModel(directory, { onnx, list }, card);
    await expect(loadModel(directory, "pets")).rejects.toThrow("the models are bigram");
    for (let i = 0; i < 20; i++) await writeFile(join(directory, `a${i}.json`), "");
    await expect(loadModel(directory, "pets")).rejects.toThrow(/the models are (a\d+, ){19}a9 and 1 more$/);
    const file = modelFileNames("bigram", saved).onnx.versioned;
    await writeFile(join(directory, file), onnx.slice(0, 1000));
    await expect(loadModel(directory, "bigram")).rejects.toThrow(
      "its ONNX file is not the one that bigram.json describes",
    );
    await rm(join(directory, file));
    await expect(loadModel(directory, "bigram")).rejects.toThrow(`${file} is missing`);
    await writeFile(join(directory, "bigram.json"), "{");
    await expect(loadModel(directory, "bigram")).rejects.toThrow("not JSON");
  });
});
