import { describe, expect, test } from "vitest";
import { PythonRandom } from "../../../shared/random/python.ts";

// The figures are CPython 3.11's.
describe("PythonRandom", () => {
  test("shuffles as random.shuffle does", () => {
    const items = Array.from({ length: 12 }, (_, i) => i);
    new PythonRandom(42).shuffle(items);
    expect(items).toEqual([7, 5, 2, 8, 9, 6, 11, 3, 4, 0, 1, 10]);
  });

  test("draws as random.randrange does, from seeds of more than 32 bits and below 0 too", () => {
    const draw = (seed: number, below: number) => {
      const random = new PythonRandom(seed);
      return Array.from({ length: 5 }, () => random.randbelow(below));
    };
    expect(draw(2 ** 40 + 3, 10 ** 6)).toEqual([230463, 63787, 576159, 874263, 99207]);
    expect(draw(-5, 100)).toEqual([79, 32, 94, 45, 88]);
  });

  test("refuses a seed or a limit that it cannot take", () => {
    expect(() => new PythonRandom(NaN)).toThrow("got NaN");
    expect(() => new PythonRandom(1).randbelow(0)).toThrow("below 0");
  });
});
