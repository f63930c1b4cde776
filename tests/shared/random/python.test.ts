import { describe, expect, test } from "vitest";
import { PythonRandom } from "../../../shared/random/python.ts";

// The expected numbers come from CPython 3.11.
describe("PythonRandom", () => {
  test("shuffles like random.shuffle", () => {
    const items = Array.from({ length: 12 }, (_, i) => i);
    new PythonRandom(42).shuffle(items);
    expect(items).toEqual([7, 5, 2, 8, 9, 6, 11, 3, 4, 0, 1, 10]);
  });

  test.each([[0, [2, 1, 0, 4, 3]], [1, [2, 3, 4, 0, 1]], [2, [2, 1, 3, 4, 0]]])(
    "shuffles all items, including the first, with seed %i",
    (seed, expected) => {
      const items = [0, 1, 2, 3, 4];
      new PythonRandom(seed).shuffle(items);
      expect(items).toEqual(expected);
    },
  );

  test("draws like random.randrange, also with a seed of more than 32 bits or below 0", () => {
    const draw = (seed: number, below: number) => {
      const random = new PythonRandom(seed);
      return Array.from({ length: 5 }, () => random.randbelow(below));
    };
    expect(draw(2 ** 40 + 3, 10 ** 6)).toEqual([230463, 63787, 576159, 874263, 99207]);
    expect(draw(-5, 100)).toEqual([79, 32, 94, 45, 88]);
    expect(draw(2 ** 53 - 1, 1000).slice(0, 4)).toEqual([96, 574, 228, 770]);
    expect(draw(2 ** 33, 1000).slice(0, 4)).toEqual([11, 498, 702, 336]);
    expect(draw(1, 2 ** 31).slice(0, 3)).toEqual([577090037, 271041745, 1095513148]);
    expect(draw(1, 1)).toEqual([0, 0, 0, 0, 0]);
  });

  test("rejects an invalid seed or limit", () => {
    expect(() => new PythonRandom(NaN)).toThrow("got NaN");
    expect(() => new PythonRandom(1).randbelow(0)).toThrow("below 0");
    expect(() => new PythonRandom(1).randbelow(2 ** 31 + 1)).toThrow("from 1 to 2^31");
  });
});
