import { expect, test } from "vitest";
import { pictured } from "../../page/pictured.ts";

const bigrams = [[0, 1], [1, 0]];

test("pictures all characters, or says how many of them", () => {
  expect(pictured({ vocabulary: "a", pictures: { bigrams } }))
    .toEqual({ symbols: [".", "a"], tokens: [0, 1], bigrams, embedding: undefined, note: "" });
  const { symbols, note } = pictured({ vocabulary: "abc", pictures: { tokens: [0, 3], bigrams } });
  expect(symbols).toEqual([".", "c"]);
  expect(note).toBe("The pictures show the 1 commonest of its 3 characters.");
});

test.each([
  ["none", undefined],
  ["those of other characters", { tokens: [0, 9], bigrams }],
])("says that a card has no pictures, where it has %s", (_, pictures) => {
  const { symbols, bigrams, note } = pictured({ vocabulary: "ab", pictures });
  expect(symbols).toEqual([]);
  expect(bigrams).toBeUndefined();
  expect(note).toBe("The card of this model has no pictures of its characters.");
});

test("leaves out pictures of another size", () => {
  expect(pictured({ vocabulary: "abc", pictures: { bigrams } }).bigrams).toBeUndefined();
});
