import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readModel } from "../../functions/inference/model_directory.ts";
import { KNOWN_NAMES_MAGIC, KnownNames, LAST } from "../../shared/known_names.ts";
import { parseModelCard } from "../../shared/model_card.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { DEFAULT_LIST } from "../../trainer/corpus.ts";
import { encodeKnownNames } from "../../trainer/known_names.ts";

/** The names of some lines, written and read back. */
function known(lines: readonly string[], vocabulary = Vocabulary.of(lines)): KnownNames {
  return new KnownNames(encodeKnownNames(lines, vocabulary)!.bytes, vocabulary.characters);
}

/** Words over a few characters, one of them out of the Basic Multilingual Plane: many share beginnings and ends. */
const word = fc.array(fc.constantFrom("a", "b", "ő", "😀"), { minLength: 1, maxLength: 6 })
  .map((characters) => characters.join(""));

describe("KnownNames", () => {
  test("has what is in the list, and nothing else", () => {
    fc.assert(fc.property(fc.array(word, { minLength: 1 }), fc.array(word), (lines, others) => {
      const names = known(lines);
      const set = new Set(lines);
      expect(names.count).toBe(set.size);
      for (const name of [...lines, ...others]) expect(names.has(name)).toBe(set.has(name));
    }));
  });

  test("has no empty name, no beginning, no end, and none that is longer", () => {
    const names = known(["ada", "adam", "eve"]);
    for (const name of ["ada", "adam", "eve"]) expect(names.has(name)).toBe(true);
    for (const name of ["", "a", "ad", "dam", "adams", "evee", "xyz", "Ada"]) {
      expect(names.has(name)).toBe(false);
    }
  });

  test("of an empty list has nothing", () => {
    const names = known([], new Vocabulary("ab"));
    expect([names.count, names.has("a"), names.has("")]).toEqual([0, false, false]);
  });

  test("holds a large vocabulary", () => {
    const lines = Array.from({ length: 1000 }, (_, i) => String.fromCodePoint(0x4e00 + i, 0x4e00 + 999 - i));
    const names = known(lines);
    for (const line of lines) expect(names.has(line)).toBe(true);
    expect(names.has(lines[0][0] + lines[1][1])).toBe(false);
  });

  test.each(["bigram", "mlp", "tuned"])("of the committed %s are those of its list", async (model) => {
    const { known, ...files } = await readModel("models", model);
    const card = parseModelCard(files.card);
    const vocabulary = new Vocabulary(card.vocabulary);
    const lines = (await readFile(DEFAULT_LIST, "utf8")).trim().split("\n");
    expect(known).toEqual(encodeKnownNames(lines, vocabulary)!.bytes);
    const names = new KnownNames(known!, card.vocabulary);
    expect(names.count).toBe(new Set(lines).size);
    expect(names.count).toBe(card.known_names!.names);
    for (const line of lines) expect(names.has(line)).toBe(true);
  });

  test("refuses what is no whole file of its own", () => {
    const { bytes } = encodeKnownNames(["ada", "eve"], new Vocabulary("adev"))!;
    const open = (file: Uint8Array, characters = "adev") => () => new KnownNames(file, characters);
    expect(open(bytes)).not.toThrow();
    expect(open(new Uint8Array())).toThrow("does not begin as one does");
    expect(open(new TextEncoder().encode("{ a JSON file }"))).toThrow("does not begin as one does");
    expect(open(Uint8Array.from(KNOWN_NAMES_MAGIC))).toThrow("does not begin as one does");
    expect(open(bytes.slice(0, -1))).toThrow("it should have 6 edges of 1 bytes");
    expect(open(bytes, "abcdefghijklmnopqrstuvwxyz")).toThrow("not made for a vocabulary of 26 characters");
    expect(open(bytes.with(bytes.length - 1, 0))).toThrow("its last node has no end");
    expect(open(bytes.with(bytes.length - 1, 0xff))).toThrow("leads out of the file");
    const { bytes: single } = encodeKnownNames(["a"], new Vocabulary("a"))!; // one edge, which is the last one too
    expect(open(single, "a")).not.toThrow();
    expect(open(single.with(single.length - 1, single.at(-1)! & ~LAST), "a")).toThrow(
      "its last node has no end",
    );
  });

  test("never reads on and on, whatever a file holds", () => {
    const vocabulary = new Vocabulary("adev");
    const { bytes } = encodeKnownNames(
      ["ada", "adam", "eve"].map((name) => name.replace("m", "v")),
      vocabulary,
    )!;
    let opened = 0;
    const broken = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(broken, word, (changes, name) => {
      const file = bytes.slice();
      for (const [at, byte] of changes) file[at] = byte;
      let names: KnownNames;
      try {
        names = new KnownNames(file, vocabulary.characters);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        return;
      }
      opened++;
      expect(names.has(name)).toBeTypeOf("boolean");
      expect(names.has("ad".repeat(50))).toBeTypeOf("boolean");
    }));
    expect(opened).toBeGreaterThan(0);
  });
});
