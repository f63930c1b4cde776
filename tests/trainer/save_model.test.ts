import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { modelFileNames } from "../../shared/model_files.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { encodeKnownNames, type KnownNamesFile } from "../../trainer/known_names.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { saveKnownNames, saveModel } from "../../trainer/save_model.ts";
import { sha256 } from "../../shared/sha256.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** The committed bigram model: its file, its card without the hashes, and a list of two names. */
async function committed(): Promise<{
  onnx: Uint8Array<ArrayBuffer>;
  known: KnownNamesFile;
  card: Omit<ModelCard, "sha256" | "known_names">;
}> {
  const { onnx, ...files } = await readModel("models", "bigram");
  const { sha256: _, known_names: __, ...card } = parseModelCard(files.card);
  const known = encodeKnownNames(["ada", "eve"], new Vocabulary(card.vocabulary))!;
  return { onnx: onnx!, known, card };
}

describe("saveModel", () => {
  test("writes both files, whole, and loadModel reads them", async () => {
    const directory = join(await temporaryDirectory(), "new", "models");
    const { onnx, known, card } = await committed();
    const saved = await saveModel(directory, { onnx, known }, card);
    expect((await readdir(directory)).sort()).toEqual([
      modelFileNames("bigram", saved).known!.versioned,
      modelFileNames("bigram", saved).onnx.versioned,
      "bigram.json",
    ].sort());
    const loaded = await loadModel(directory, "bigram");
    expect(loaded.card).toEqual(saved);
    expect(loaded.vocabulary.size).toBe(27);
    expect(saved.known_names).toEqual({ names: 2, sha256: await sha256(known.bytes) });
    expect(loaded.parameters.log_probs_table.shape).toEqual([27, 27]);
  });

  test("leaves the old model as it was when it cannot write the new one", async () => {
    const directory = await temporaryDirectory();
    const { onnx, known, card } = await committed();
    await saveModel(directory, { onnx, known }, card);
    const before = await readFile(join(directory, "bigram.json"));
    await expect(saveModel(directory, { onnx, known }, { ...card, parameters: -1 })).rejects.toThrow(
      "parameters",
    );
    const files = await readdir(directory);
    // Directories in the way of temporary files: of the list's, when the ONNX file is aside, and of the card's, when both
    // have their names.
    for (const unsupportedReason of [".bigram.known.tmp", ".bigram.json.tmp"]) {
      await mkdir(join(directory, unsupportedReason, "in the way"), { recursive: true });
      const other = encodeKnownNames(["bob"], new Vocabulary(card.vocabulary));
      await expect(saveModel(directory, { onnx: onnx.slice(1), known: other }, card)).rejects.toThrow();
      await rm(join(directory, unsupportedReason), { recursive: true });
      expect((await readdir(directory)).sort()).toEqual(files.sort());
      expect(await readFile(join(directory, "bigram.json"))).toEqual(before);
    }
    expect((await loadModel(directory, "bigram")).card.name).toBe("bigram");
  });

  test("removes no plain file that the old card does not describe", async () => {
    const directory = await temporaryDirectory();
    const { onnx, known, card } = await committed();
    const saved = await saveModel(directory, { onnx, known }, card);
    await rm(join(directory, modelFileNames("bigram", saved).onnx.versioned));
    await writeFile(join(directory, "bigram.onnx"), "of somebody else");
    await saveModel(directory, { onnx, known }, card);
    expect(await readFile(join(directory, "bigram.onnx"), "utf8")).toBe("of somebody else");
  });
});

describe("saveKnownNames", () => {
  test("refuses a model that was replaced since its card was read", async () => {
    const directory = await temporaryDirectory();
    const { onnx, known, card } = await committed();
    const old = await saveModel(directory, { onnx, known }, card);
    const now = await saveModel(directory, { onnx: onnx.slice(1), known }, card);
    await expect(saveKnownNames(directory, old, known)).rejects.toThrow("was replaced meanwhile");
    expect(parseModelCard(await readFile(join(directory, "bigram.json"), "utf8"))).toEqual(now);
  });
});

describe("loadModel", () => {
  test("says what is missing or broken", async () => {
    const directory = await temporaryDirectory();
    await expect(loadModel(directory, "pets")).rejects.toThrow(
      "pets.json is missing",
    );
    const { onnx, known, card } = await committed();
    const saved = await saveModel(directory, { onnx, known }, card);
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
