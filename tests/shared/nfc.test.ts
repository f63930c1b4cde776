import { expect, test } from "vitest";
import { isSurelyNfc, nfc } from "../../shared/nfc.ts";

test("nfc agrees with String.normalize for each character, alone and after a letter", () => {
  const different: string[] = [];
  for (let codePoint = 0; codePoint <= 0x10ffff; codePoint++) {
    const character = String.fromCodePoint(codePoint);
    for (const text of [character, `e${character}`]) {
      if (nfc(text) !== text.normalize("NFC")) different.push(text);
    }
  }
  expect(different).toEqual([]);
});

test("isSurelyNfc knows the letters of most languages of Europe, and no combining marks", () => {
  expect(["", "ada", "Zoë", "œuf", "Łódź"].map(isSurelyNfc)).toEqual([true, true, true, true, true]);
  expect(["zoe\u0308", "李", "a\u0300"].map(isSurelyNfc)).toEqual([false, false, false]);
});
