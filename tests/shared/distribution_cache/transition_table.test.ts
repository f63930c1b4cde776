import { describe, expect, test } from "vitest";
import { UNKNOWN } from "../../../shared/distribution_cache/key_table.ts";
import { TransitionTable } from "../../../shared/distribution_cache/transition_table.ts";

const PROBABILITIES = [0.125, 0, 0.5, 0.25, 0.125];

/** A table whose second row has these probabilities. */
function table(probabilities: readonly number[]): TransitionTable {
  const made = new TransitionTable(probabilities.length, 2);
  made.set(1, Float32Array.from([0, ...probabilities], Math.log), 1);
  return made;
}

/** The token that a random number draws. */
function drawn(from: TransitionTable, share: number): number {
  return from.token(from.draw(1, { next: () => Math.min(Math.floor(share * 2 ** 32), 2 ** 32 - 1) }));
}

describe("TransitionTable", () => {
  test("draws by inverting the cumulative distribution, the likeliest token first", () => {
    const shares = [0, 0.4999, 0.5001, 0.7499, 0.7501, 0.8749, 0.8751, 1];
    expect(shares.map((share) => drawn(table(PROBABILITIES), share))).toEqual([2, 2, 3, 3, 0, 0, 4, 4]);
  });

  test("draws each token for its share of the 2^32 random numbers, to the last one", () => {
    const quarters = table([0.25, 0.25, 0.25, 0.25]);
    const drawnBy = (chance: number) => quarters.token(quarters.draw(1, { next: () => chance }));
    const firsts = [0, 1, 2, 3].map((quarter) => quarter * 2 ** 30);
    expect(firsts.map(drawnBy)).toEqual([0, 1, 2, 3]);
    expect(firsts.map((first) => drawnBy(first + 2 ** 30 - 1))).toEqual([0, 1, 2, 3]);
  });

  test.each([5, 64, 65, 200])("has the %i tokens of a row in order of falling probability", (size) => {
    const made = new TransitionTable(size, 2);
    const write = (row: number, weights: number[]) => {
      const total = weights.reduce((a, b) => a + b);
      made.set(row, Float32Array.from(weights, (weight) => Math.log(weight / total)), 0);
    };
    write(0, Array.from({ length: size }, (_, token) => 1 + token)); // the order of the row before does not matter
    const weights = Array.from({ length: size }, (_, token) => 1 + token % 3);
    write(1, weights);
    const tokens = weights.map((_, token) => token);
    const falling = tokens.toSorted((a, b) => weights[b] - weights[a] || a - b); // of equals the smaller first
    expect(tokens.toSorted((a, b) => made.cell(1, a) - made.cell(1, b))).toEqual(falling);
  });

  test("draws nothing that is impossible, whatever the sum is", () => {
    const short = table(PROBABILITIES.map((probability) => probability * 0.99999));
    for (const share of [0, 0.5, 0.99999, 0.999999999, 1]) expect(drawn(short, share)).not.toBe(1);
    expect(drawn(table([0, 0, 1]), 0)).toBe(2);
    expect(drawn(table([0, 0, 1]), 1)).toBe(2);
  });

  test.each([
    [[0.5, 0.5, 0.5], "its probabilities add up to 1.500, not to 1"],
    [[0.5, 0.4985, 0], "its probabilities add up to 0.9985, not to 1"],
    [[0, 0, 0], "its probabilities add up to 0.000, not to 1"],
    [[1, NaN, 0], "one of its log-probabilities is NaN"],
    [[1, Infinity, 0], "one of its log-probabilities is Infinity"],
    [[NaN, Infinity, NaN], "one of its log-probabilities is NaN"],
  ])("refuses %j, which are not a distribution, and writes nothing", (probabilities, reason) => {
    const made = table([0.25, 0.5, 0.25]);
    const before = new Float32Array(3);
    made.copyLogProbs(1, before, 0);
    expect(() => made.set(1, Float32Array.from(probabilities, Math.log), 0)).toThrow(reason);
    const after = new Float32Array(3);
    made.copyLogProbs(1, after, 0);
    expect(after).toEqual(before);
  });

  test("takes a sum that float32 arithmetic rounds", () => {
    for (const sum of [0.9991, 1.0009]) {
      expect(() => table([0.5 * sum, 0.5 * sum, 0])).not.toThrow();
    }
  });

  test("draws in proportion from a thousand tokens", () => {
    const weights = Array.from({ length: 1001 }, (_, i) => 1 + ((i * 7919) % 1000));
    const total = weights.reduce((a, b) => a + b);
    const large = table(weights.map((weight) => weight / total));
    const counts = new Map<number, number>();
    const draws = 1_000_000;
    for (let i = 0; i < draws; i++) {
      const token = drawn(large, (i + 0.5) / draws); // evenly spaced: each share is met to within one draw
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    weights.forEach((weight, token) => {
      expect(Math.abs((counts.get(token) ?? 0) - (draws * weight) / total)).toBeLessThan(1.5);
    });
  });

  test("keeps the log-probabilities as they were given, in whatever order its cells stand", () => {
    const made = table(PROBABILITIES);
    const logProbs = Float32Array.from(PROBABILITIES, Math.log);
    const copied = new Float32Array(6);
    made.copyLogProbs(1, copied, 1);
    expect(copied.subarray(1)).toEqual(logProbs);
    logProbs.forEach((logProb, token) => expect(made.logProb(made.cell(1, token))).toBe(logProb));
  });

  test("remembers where a cell leads to, beside its token, and when it grows", () => {
    const made = table(PROBABILITIES);
    const cell = made.cell(1, 4);
    expect(made.next(cell)).toBe(UNKNOWN);
    made.link(cell, 1_000_000);
    made.grow(100);
    expect([made.room, made.next(cell), made.token(cell)]).toEqual([100, 1_000_000, 4]);
    made.link(cell, UNKNOWN);
    expect([made.next(cell), made.token(cell)]).toEqual([UNKNOWN, 4]);
  });
});
