import { expect, test } from "vitest";
import { visibleCharacter } from "../../shared/visible_character.ts";

test.each([
  [" ", "␣"],
  ["\u0301", "◌\u0301"],
  ["\u0651", "◌\u0651"],
  ["\u200d", "◌"],
  ["\ufe0f", "◌"],
  ["\u00a0", "◌"],
  ["é", "é"],
  ["🍕", "🍕"],
  ["ع", "ع"],
  ["-", "-"],
])("shows %j as %s", (character, shown) => {
  expect(visibleCharacter(character)).toBe(shown);
});
