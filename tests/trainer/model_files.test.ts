import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { encodeKnownNames, type KnownNamesFile } from "../../trainer/known_names.ts";
import { loadModel, saveModel } from "../../trainer/model_files.ts";
import { sha256 } from "../../trainer/sha256.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

/** The committed bigram model: its file, its card without the hashes, and a list of two names. */
async function committed(): Promise<{
  onnx: Uint8Array<ArrayBuffer>;
  known: KnownNamesFile;
  card: Omit<ModelCard, "sha256" | "known_names">;
}> {
  const onnx = new Uint8Array(await readFile("models/bigram.onnx"));
  const { sha256: _, known_names: __, ...card } = parseModelCard(
    await readFile("models/bigram.json", "utf8"),
  );
  const known = encodeKnownNames(["ada", "eve"], new Vocabulary(card.vocabulary))!;
  return { onnx, known, card };
}

describe("saveModel", () => {
  test("writes both files, whole, and loadModel reads them", async () => {
    const directory = join(await temporaryDirectory(), "new", "models");
    const { onnx, known, card } = await committed();
    const saved = await saveModel(directory, { onnx, known }, card);
    expect((await readdir(directory)).sort()).toEqual(["bigram.json", "bigram.known", "bigram.onnx"]);
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
    // A directory in the way of the card's temporary file: the ONNX file is whole by then, and goes again.
    await mkdir(join(directory, ".bigram.json.tmp", "in the way"), { recursive: true });
    await expect(saveModel(directory, { onnx: onnx.slice(1), known }, card)).rejects.toThrow();
    expect(await readFile(join(directory, "bigram.json"))).toEqual(before);
    expect((await loadModel(directory, "bigram")).card.name).toBe("bigram");
    expect(await readdir(directory)).not.toContain(".bigram.onnx.tmp");
  });
});

describe("loadModel", () => {
  test("says what is missing or broken", async () => {
    const directory = await temporaryDirectory();
    await expect(loadModel(directory, "pets")).rejects.toThrow(
      `there is no file ${join(directory, "pets.json")}`,
    );
    const { onnx, known, card } = await committed();
    await saveModel(directory, { onnx, known }, card);
    await writeFile(join(directory, "bigram.onnx"), onnx.slice(0, 1000));
    await expect(loadModel(directory, "bigram")).rejects.toThrow(
      "bigram.onnx is not the file that bigram.json describes",
    );
    await writeFile(join(directory, "bigram.json"), "{");
    await expect(loadModel(directory, "bigram")).rejects.toThrow("not JSON");
  });
});
