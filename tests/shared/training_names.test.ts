import fc from "fast-check";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { MAX_NAME_UNITS } from "../../shared/name_length.ts";
import { sha256 } from "../../shared/sha256.ts";
import { MAX_LIST_BYTES, TrainingNames } from "../../shared/training_names.ts";
import { MIN_LINES } from "../../trainer/corpus.ts";
import { readList } from "../../trainer/list_file.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

function open(text: string, pause?: () => Promise<void>): Promise<TrainingNames> {
  return TrainingNames.open(new TextEncoder().encode(text), pause);
}

/** Words over a few characters: one outside the Basic Multilingual Plane, one that composes with the mark after it, spaces. */
const word = fc.array(fc.constantFrom("a", "b", "o", "\u0301", "ő", "😀", " ", "\u00a0", "\ufeff", "\r"), {
  maxLength: 5,
}).map((characters) => characters.join(""));

describe("TrainingNames", () => {
  test("has the lines that the trainer reads, and nothing else", async () => {
    const directory = await temporaryDirectory();
    const file = fc.array(fc.tuple(word, fc.constantFrom("\n", "\r\n", "\n\n")), {
      minLength: 1,
      maxLength: 30,
    })
      .map((lines) => lines.flat().join(""));
    const filler = Array.from({ length: MIN_LINES }, (_, i) => `line ${i}`).join("\n");
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.constantFrom("", "\ufeff"),
        word,
        fc.array(word),
        async (text, mark, last, others) => {
          const whole = `${mark}${text}${filler}\n${last}`;
          const path = join(directory, "list.txt");
          await writeFile(path, whole);
          const { lines } = await readList(path);
          const names = await open(whole);
          const set = new Set(lines);
          for (const name of lines) expect(names.has(name)).toBe(true);
          for (const name of others) expect(names.has(name)).toBe(set.has(name));
        },
      ),
    );
  });

  test("has no beginning and no end of a name, and nothing longer", async () => {
    const names = await open("ada\nadam\neve\n");
    for (const name of ["ada", "adam", "eve"]) expect(names.has(name)).toBe(true);
    for (const name of ["", "a", "ad", "dam", "adams", "evee", "xyz", "Ada", "ada\nadam", "e".repeat(2000)]) {
      expect(names.has(name)).toBe(false);
    }
  });

  test.each(["", "\n", "\r\n \n\ufeff\n"])("of the blank list %j has nothing", async (text) => {
    const names = await open(text);
    for (const name of ["", " ", "a", "\r", "\ufeff"]) expect(names.has(name)).toBe(false);
  });

  test("composes what the list has decomposed", async () => {
    const names = await open("e\u0301va\nada\n");
    expect([names.has("éva"), names.has("e\u0301va"), names.has("ada")]).toEqual([true, false, true]);
  });

  test("has a name of 256 characters of 4 bytes", async () => {
    const name = "😀".repeat(256);
    const names = await open(`${name}\n`);
    expect([names.has(name), names.has(`${name}a`), names.has(name.slice(2))]).toEqual([true, false, false]);
  });

  test.each(["bigram", "gru", "mlp", "transformer"])(
    "of the committed %s are those of its list",
    async (model) => {
      const { list, card } = await readModel("models", model);
      const { dataset } = parseModelCard(card);
      expect(await sha256(list!)).toBe(dataset.sha256);
      const names = await TrainingNames.open(list!);
      const lines = (await readFile("trainer/data/us-names-2018.txt", "utf8")).trim().split("\n");
      expect(lines.length).toBe(dataset.lines);
      for (const line of lines) expect(names.has(line)).toBe(true);
      for (const name of ["jazila", "yozelynn"]) expect(names.has(name)).toBe(false);
    },
  );

  test("lets others run while it opens a long list", async () => {
    const lines = Array.from({ length: 100_000 }, (_, i) => `name ${i}`);
    const list = lines.join("\n");
    let pauses = 0;
    const names = await open(list, async () => void await Promise.resolve(pauses++));
    // Two passes over the list, with a pause after every 64 KiB.
    expect(pauses).toBeGreaterThanOrEqual(2 * Math.floor(list.length / 2 ** 16));
    for (const line of lines) expect(names.has(line)).toBe(true);
  });

  test("opens a list of one line over and over in little time and memory", async () => {
    const names = await TrainingNames.open(
      new Uint8Array(MAX_LIST_BYTES / 8).fill(97).map((a, i) => i % 2 ? 10 : a),
    );
    expect([names.has("a"), names.has("aa")]).toEqual([true, false]);
  });

  test("refuses a line that would take long to normalise", async () => {
    await expect(open(`ada\n${"a\u0301".repeat(MAX_NAME_UNITS / 2 + 1)}`)).rejects.toThrow(
      "a line is too long",
    );
  });
});
