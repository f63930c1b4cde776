import { describe, expect, test } from "vitest";
import { quantiles, shareAbove } from "../../shared/quantiles.ts";

describe("quantiles", () => {
  test("range from the minimum to the maximum, also with infinite values", () => {
    expect(quantiles([3, 1, 2], 5)).toEqual([1, 1.5, 2, 2.5, 3]);
    expect(quantiles([7], 3)).toEqual([7, 7, 7]);
    expect(quantiles([1, Infinity], 3)).toEqual([1, Infinity, Infinity]);
    expect(quantiles([Infinity, Infinity], 3)).toEqual([Infinity, Infinity, Infinity]);
  });
});

describe("shareAbove", () => {
  const values = Array.from({ length: 1001 }, (_, i) => Math.sqrt(i));

  test("is close to the exact share of the values", () => {
    const hundredths = quantiles(values, 101);
    for (const value of [0.5, 3, 10, 20.2, 31]) {
      const share = values.filter((other) => other > value).length / values.length;
      expect(shareAbove(hundredths, value)).toBeCloseTo(share, 2);
    }
  });

  test("is 1 below the minimum and 0 from the maximum on", () => {
    expect(shareAbove([1, 2, 3], 0.9)).toBe(1);
    expect(shareAbove([1, 2, 3], 1)).toBe(1);
    expect(shareAbove([1, 2, 3], 3)).toBe(0);
    expect(shareAbove([1, 2, 3], Infinity)).toBe(0);
    expect(shareAbove([1, 2, Infinity], 2.5)).toBe(0.5);
    expect(shareAbove([Infinity, Infinity], Infinity)).toBe(0);
  });

  test("interpolates between the two quantiles around a value", () => {
    expect([0.5, 5.5].map((value) => shareAbove([0, 1, 10], value))).toEqual([0.75, 0.25]);
    expect([0.25, 2, 6].map((value) => shareAbove([0, 1, 3, 9], value))).toEqual([
      1 - 0.25 / 3,
      1 - 1.5 / 3,
      1 - 2.5 / 3,
    ]);
  });

  test("does not count equal values as above", () => {
    expect(shareAbove([1, 2, 2, 2, 3], 2)).toBe(0.25);
  });
});
