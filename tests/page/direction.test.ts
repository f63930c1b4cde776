import { expect, test } from "vitest";
import { directionOf, isolated } from "../../page/direction.ts";

test.each(["שרה", "محمد", "a ߒߞߏ", "𞤀𞤣𞤤𞤢𞤥"])(
  "%s is laid out from right to left, apart from its sentence",
  (text) => {
    expect(directionOf(text)).toBe("rtl");
    expect(isolated(text)).toBe(`\u2068${text}\u2069`);
  },
);

test.each(["eleanor", "Ελένη", "木村", "🍕", ""])("%j stays as it is", (text) => {
  expect(directionOf(text)).toBeUndefined();
  expect(isolated(text)).toBe(text);
});
