import { describe, expect, test } from "vitest";
import { chooseKept } from "../../../shared/distribution_cache/retention.ts";

/** The numbers of the entries that stay. */
function stays(likelihoods: number[], used: number[], now: number, budget: number): number[] {
  const kept = chooseKept(Float32Array.from(likelihoods), Uint32Array.from(used), now, budget);
  return [...kept.keys()].filter((entry) => kept[entry] === 1);
}

describe("chooseKept", () => {
  test("keeps three quarters for their likelihood, and a quarter for their use", () => {
    const likelihoods = [-9, -1, -8, -2, -7, -3, -6, -4];
    const used = [7, 0, 3, 0, 1, 0, 2, 0];
    expect(stays(likelihoods, used, 7, 4)).toEqual([0, 1, 3, 5]);
    expect(stays(likelihoods, used, 7, 5)).toEqual([0, 1, 2, 3, 5]); // three for their likelihood, two for their use
  });

  test("keeps likely entries that were not used for long, however many unlikely ones are in use", () => {
    const likelihoods = Array.from({ length: 1000 }, (_, i) => i < 75 ? -5 : -20 - i / 100);
    const used = likelihoods.map((_, i) => i < 75 ? 0 : 1_000_000);
    const kept = stays(likelihoods, used, 1_000_000, 100);
    expect(kept.slice(0, 75)).toEqual(Array.from({ length: 75 }, (_, i) => i));
    expect(kept).toHaveLength(100);
  });

  test("keeps what is in use, if that is not too much, however unlikely it is", () => {
    const likelihoods = Array.from({ length: 1000 }, (_, i) => i < 25 ? -Infinity : -1);
    const used = likelihoods.map((_, i) => i < 25 ? 9 : 8);
    expect(stays(likelihoods, used, 9, 100).slice(0, 25)).toEqual(Array.from({ length: 25 }, (_, i) => i));
  });

  test("keeps no more than there is room for, of whatever likelihood and age", () => {
    for (const likelihood of [0, 1e-7, -1, -63.99, -64, -1000, -Infinity]) {
      for (const age of [0, 1, 1000, 2 ** 32 - 1]) {
        const kept = stays(
          new Array(100).fill(likelihood),
          new Array(100).fill(2 ** 32 - 1 - age),
          2 ** 32 - 1,
          37,
        );
        expect(kept).toHaveLength(37);
      }
    }
    expect(stays([-1, -2, -3], [0, 0, 0], 5, 0)).toEqual([]);
    expect(stays([-1, -2, -3], [0, 0, 0], 5, 9)).toEqual([0, 1, 2]);
  });

  test("takes nothing for likely that is less likely than it can tell", () => {
    expect(stays([-1024, -1024.5, -5, -6], [0, 0, 0, 1], 9, 2)).toEqual([2, 3]);
  });

  test("does not count what is no entry", () => {
    expect(stays([NaN, -1, NaN, -30, -20, NaN], [5, 0, 5, 4, 3, 5], 5, 2)).toEqual([1, 3]);
  });
});
