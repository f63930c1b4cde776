import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isNormalizable,
  MAX_MARKS,
  MAX_NAME_LENGTH,
  MAX_NAME_UNITS,
  nameLength,
} from "../../shared/name_length.ts";

test("the bounds are 256 characters, 2,048 UTF-16 units and 30 marks in a row", () => {
  expect([MAX_NAME_LENGTH, MAX_NAME_UNITS, MAX_MARKS]).toEqual([256, 2048, 30]);
});

describe("nameLength", () => {
  test("counts the characters of the text in normalization form C", () => {
    expect(["", "ada", "e\u0301", "\u00e9", "\u{1f600}a", "\u1f82".normalize("NFD")].map(nameLength))
      .toEqual([0, 3, 1, 1, 2, 1]);
  });

  test("agrees with String.normalize for every text that may be normalised", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      const length = nameLength(text);
      if (isNormalizable(text)) expect(length).toBe(Array.from(text.normalize("NFC")).length);
      else expect(length).toBeNaN();
    }));
  });

  test("is NaN for a text that must not be normalised", () => {
    expect(nameLength("\u4e00".repeat(MAX_NAME_UNITS))).toBe(MAX_NAME_UNITS);
    expect(nameLength("\u4e00".repeat(MAX_NAME_UNITS + 1))).toBeNaN();
    expect(nameLength("a".repeat(MAX_NAME_UNITS + 1))).toBeNaN();
    expect(nameLength(`a${"\u0323".repeat(MAX_MARKS)}`)).toBe(MAX_MARKS); // NFC composes the first mark with the a
    expect(nameLength(`a${"\u0323".repeat(MAX_MARKS + 1)}`)).toBeNaN();
    expect(nameLength(`a${"\u{1d165}".repeat(MAX_MARKS + 1)}`)).toBeNaN(); // marks of two UTF-16 units
    expect(nameLength("a\ud800")).toBeNaN();
  });
});
