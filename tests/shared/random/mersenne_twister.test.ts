import { describe, expect, test } from "vitest";
import { MersenneTwister } from "../../../shared/random/mersenne_twister.ts";

describe("MersenneTwister", () => {
  // The expected numbers are the first outputs of the authors' mt19937ar.c.
  test("agrees with the reference implementation when seeded with a number", () => {
    const twister = MersenneTwister.fromSeed(5489);
    const first = Array.from({ length: 5 }, () => twister.next());
    expect(first).toEqual([3499211612, 581869302, 3890346734, 3586334585, 545404204]);
    for (let i = 5; i < 9999; i++) twister.next();
    expect(twister.next()).toBe(4123659995); // the 10,000th number, which the C++ standard specifies
  });

  test("agrees with the reference implementation when seeded with a key", () => {
    const twister = MersenneTwister.fromKey([0x123, 0x234, 0x345, 0x456]);
    const first = Array.from({ length: 5 }, () => twister.next());
    expect(first).toEqual([1067595299, 955945823, 477289528, 4107218783, 4228976476]);
  });

  test("continues from a state taken at any position", () => {
    for (const drawn of [0, 1, 623, 624, 1000]) {
      const twister = MersenneTwister.fromSeed(1);
      for (let i = 0; i < drawn; i++) twister.next();
      const copy = MersenneTwister.fromState(JSON.parse(JSON.stringify(twister.state())));
      const next = (from: MersenneTwister) => Array.from({ length: 700 }, () => from.next());
      expect(next(copy)).toEqual(next(twister));
    }
  });

  test("rejects an invalid state", () => {
    expect(() => MersenneTwister.fromState({ words: [1, 2], position: 0 })).toThrow("624 words");
    const { words } = MersenneTwister.fromSeed(1).state();
    expect(() => MersenneTwister.fromState({ words, position: 625 })).toThrow("position 625");
  });
});
