import { describe, expect, test } from "vitest";
import { UnknownCharacterError, Vocabulary } from "../../shared/vocabulary.ts";

describe("Vocabulary", () => {
  test("gives the letters a to z the notebooks' tokens 1 to 26", () => {
    const vocabulary = Vocabulary.of(["emma", "olivia", "quartz", "bcdfghjknpswxy"]);
    expect(vocabulary.size).toBe(27);
    expect(vocabulary.encode("emma")).toEqual([5, 13, 13, 1]);
    expect(vocabulary.decode([5, 13, 13, 1, 0])).toBe("emma.");
  });

  test("accepts any characters, and orders them by code point", () => {
    const vocabulary = Vocabulary.of(["Zoë 2", "李.", "a𝔸"]);
    expect(vocabulary.characters).toBe(" .2Zaoë李𝔸");
    expect(vocabulary.decode(vocabulary.encode("李 Zoë.𝔸"))).toBe("李 Zoë.𝔸");
  });

  test("distinguishes the character '.' from the boundary, which is displayed as '.'", () => {
    const vocabulary = Vocabulary.of(["a.b"]);
    expect(vocabulary.encode(".")).toEqual([1]);
    expect(vocabulary.symbol(0)).toBe(".");
    expect(vocabulary.symbol(1)).toBe(".");
  });

  test("normalises to NFC, so that composed and decomposed accents are the same", () => {
    const vocabulary = Vocabulary.of(["zoe\u0308"]);
    expect(vocabulary.size).toBe(4);
    expect(vocabulary.encode("zo\u00eb")).toEqual(vocabulary.encode("zoe\u0308"));
  });

  test("converts to lower case if it has no capital letters", () => {
    expect(Vocabulary.of(["abc"]).normalize("BCa")).toBe("bca");
    expect(Vocabulary.of(["Abc"]).normalize("BCa")).toBe("BCa");
    expect(() => Vocabulary.of(["Abc"]).encode("B")).toThrow(UnknownCharacterError);
  });

  test("reports an unknown character with its position and the vocabulary", () => {
    const vocabulary = Vocabulary.of(["abc"]);
    expect(() => vocabulary.encode("ab😀")).toThrow(
      'Cannot encode "ab😀": character "😀" at position 3 is not in the vocabulary, which is "abc"',
    );
  });

  test("has 1 to 1,000 characters without duplicates", () => {
    const characters = (count: number) =>
      String.fromCodePoint(...Array.from({ length: count }, (_, i) => 0x4e00 + i));
    expect(new Vocabulary(characters(1000)).size).toBe(1001);
    expect(new Vocabulary(characters(1000)).description).toMatch(/ and 900 more$/);
    expect(() => new Vocabulary(characters(1001))).toThrow("1 to 1000 different characters, got 1001");
    expect(() => new Vocabulary("")).toThrow("got 0");
    expect(() => new Vocabulary("aba")).toThrow("twice");
  });
});
