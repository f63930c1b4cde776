import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zipSync } from "fflate";
import { beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { cardText, type ModelCard, parseModelCard } from "../../shared/model_card.ts";
import { MAX_CARD_BYTES, modelFileNames } from "../../shared/model_files.ts";
import { trainFrom } from "../../trainer/commands/train_from.ts";
import {
  type ArchivedModel,
  archiveName,
  MAX_ARCHIVE_BYTES,
  readArchive,
  writeArchive,
} from "../../trainer/model_archive.ts";
import { startTrainer } from "../processes.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

let model: ArchivedModel;
let archive: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  const { card, onnx, list } = await readModel("models", "bigram");
  model = { card: parseModelCard(card), onnx: onnx!, list: list! };
  archive = await writeArchive(model);
});

type Entries = Record<string, Uint8Array<ArrayBuffer>>;

/** The entries of the archive after some changes. */
function zipOf(change: (entries: Entries) => void): Uint8Array<ArrayBuffer> {
  const names = modelFileNames("bigram", model.card);
  const entries: Entries = {
    "models/bigram.json": new TextEncoder().encode(cardText(model.card)),
    [`models/${names.onnx.versioned}`]: model.onnx,
    "models/us-names-2018.txt": model.list,
  };
  change(entries);
  return zipSync(entries);
}

function textOf(card: ModelCard): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(cardText(card));
}

test("an archive has the files of a directory of models, and gives the model back", async () => {
  expect(archiveName("bigram")).toBe("bigram.edgemore.zip");
  expect(await readArchive(archive, "bigram.zip")).toEqual(model);
  // Unzipped without a directory, or with a list that is not compressed, it is the same.
  expect(await readArchive(zipOf(() => {}), "bigram.zip")).toEqual(model);
  const flat = zipOf((entries) => {
    for (const [name, content] of Object.entries(entries)) {
      delete entries[name];
      entries[name.replace("models/", "")] = content;
    }
  });
  expect(await readArchive(flat, "bigram.zip")).toEqual(model);
});

describe("an archive is refused", () => {
  const card = "models/bigram.json";
  const onnx = (entries: Entries) => Object.keys(entries).find((name) => name.endsWith(".onnx"))!;
  test.each<[why: string, change: (entries: Entries) => void, reason: RegExp]>([
    ["without a card", (entries) => delete entries[card], /it has 0 cards \(\.json\), not one$/],
    ["with two cards", (entries) => entries["models/other.json"] = entries[card], /it has 2 cards/],
    [
      "without the ONNX file",
      (entries) => delete entries[onnx(entries)],
      /bigram-[0-9a-f]{8}\.onnx is missing$/,
    ],
    [
      "without the list",
      (entries) => delete entries["models/us-names-2018.txt"],
      /us-names-2018-bd02dfd3\.txt\.gz is missing$/,
    ],
    ["with a card that is none", (entries) => entries[card] = Uint8Array.of(123), /it is not JSON/],
    [
      "with the card of another model",
      (entries) => entries[card] = textOf({ ...model.card, name: "other" }),
      /bigram\.json is the card of "other"$/,
    ],
    [
      "with an ONNX file that was changed",
      (entries) =>
        entries[onnx(entries)] = entries[onnx(entries)].map((byte, i) => (i === 99 ? byte ^ 1 : byte)),
      /the ONNX file is not the one that its card describes: its SHA-256 is [0-9a-f]{64}, not [0-9a-f]{64}$/,
    ],
    [
      "with another list",
      (entries) => entries["models/us-names-2018.txt"] = new TextEncoder().encode("ada\n"),
      /the list is not the one that its card describes/,
    ],
    [
      "with a card that is too large",
      (entries) => entries[card] = new Uint8Array(MAX_CARD_BYTES + 1),
      /bigram\.json has 1048577 bytes, the most is 1048576$/,
    ],
  ])("%s", async (_why, change, reason) => {
    await expect(readArchive(zipOf(change), "bigram.zip")).rejects.toThrow(reason);
    await expect(readArchive(zipOf(change), "bigram.zip")).rejects.toThrow(
      "Cannot read the model bigram.zip: ",
    );
  });

  test("with an entry that is larger than it says, of which no more is decompressed", async () => {
    const zip = zipOf((entries) => entries[card] = new Uint8Array(MAX_CARD_BYTES + 1).fill(97));
    const view = new DataView(zip.buffer);
    const directory = zip.findIndex((_, i) => i + 4 < zip.length && view.getUint32(i, true) === 0x02014b50);
    view.setUint32(directory + 24, 100, true); // the size in the directory of the zip
    await expect(readArchive(zip, "bigram.zip")).rejects.toThrow(
      "Cannot read the model bigram.zip: Cannot read a model card",
    );
  });

  test("if it is no zip, or only a part of one", async () => {
    const reason = "Cannot read the model towns.zip: it is not a whole zip file";
    await expect(readArchive(new TextEncoder().encode("ada\nbob\n"), "towns.zip")).rejects.toThrow(reason);
    await expect(readArchive(archive.slice(0, 2000), "towns.zip")).rejects.toThrow(reason);
    await expect(readArchive(archive.slice(1000), "towns.zip")).rejects.toThrow(
      "Cannot read the model towns.zip",
    );
  });
});

describe("train --from", () => {
  async function archiveOf(content: Uint8Array): Promise<string> {
    const path = join(await temporaryDirectory(), "bigram.edgemore.zip");
    await writeFile(path, content);
    return path;
  }

  /** The archive of a model whose card has another dev NLL. */
  async function archiveWith(dev: number): Promise<string> {
    return await archiveOf(
      await writeArchive({ ...model, card: { ...model.card, nll: { ...model.card.nll, dev } } }),
    );
  }

  test("writes the model's files as training does", async () => {
    const out = await temporaryDirectory();
    const { card } = await trainFrom(await archiveOf(archive), { out });
    expect(card).toEqual(model.card);
    const names = modelFileNames("bigram", card);
    expect((await readdir(out)).sort()).toEqual(
      [names.onnx.versioned, "bigram.json", names.list.versioned].sort(),
    );
    expect(await readFile(join(out, "bigram.json"), "utf8")).toBe(cardText(card));
    const saved = await readModel(out, "bigram");
    expect(saved.onnx).toEqual(model.onnx);
    expect(saved.list).toEqual(model.list);
  });

  test("replaces a better model only with --overwrite", async () => {
    const out = await temporaryDirectory();
    await trainFrom(await archiveWith(2), { out });
    const worse = await archiveWith(2.5);
    await expect(trainFrom(worse, { out })).rejects.toThrow(
      `Cannot replace ${
        join(out, "bigram")
      }.json: the existing model has a lower dev NLL: 2.0000, not 2.5000. --overwrite replaces it`,
    );
    expect(parseModelCard((await readModel(out, "bigram")).card).nll.dev).toBe(2);
    const { code, stdout } = await startTrainer(["train", "--from", worse, "--out", out, "--overwrite"])
      .ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /bigram-[0-9a-f]{8}\.onnx: 729 parameters, dev NLL 2\.5000\n\nNext:\n +print names that it makes /,
    );
    expect(parseModelCard((await readModel(out, "bigram")).card).nll.dev).toBe(2.5);
    await trainFrom(await archiveWith(2.1), { out });
    expect(parseModelCard((await readModel(out, "bigram")).card).nll.dev).toBe(2.1);
  });

  test("says what is wrong, and writes nothing", async () => {
    const out = join(await temporaryDirectory(), "models");
    const run = async (...args: string[]) => {
      const { code, stderr } = await startTrainer(["train", "--out", out, ...args]).ended;
      expect(code).toBe(1);
      return stderr;
    };
    expect(await run("--from", "no.zip")).toContain("Cannot read the model no.zip: there is no such file");
    expect(await run("--from", "models")).toContain("Cannot read the model models: it is a directory");
    expect(await run("--from", await archiveOf(archive), "--out", "README.md")).toContain(
      'Cannot write to "README.md": ',
    );
    const large = await archiveOf(Uint8Array.of(0));
    await truncate(large, MAX_ARCHIVE_BYTES + 1);
    expect(await run("--from", large)).toContain(
      `it has ${MAX_ARCHIVE_BYTES + 1} bytes, the most is ${MAX_ARCHIVE_BYTES}`,
    );
    expect(await run("--from", "README.md")).toContain("it is not a whole zip file");
    expect(await run("--from", await archiveOf(archive), "--steps", "5")).toContain(
      "Cannot give --from together with --steps: the model has been trained",
    );
    await expect(readdir(out)).rejects.toThrow();
  });
});
