import { describe, expect, test } from "vitest";
import { DistributionTable } from "../../../shared/distribution_cache/distribution_table.ts";
import { TransitionTable } from "../../../shared/distribution_cache/transition_table.ts";
import { NameStream } from "../../../shared/random/name_stream.ts";

/** Random log-probabilities, of which some are -Infinity. They add up to 1 only as nearly as float32 does. */
function distribution(size: number, stream: NameStream): Float32Array {
  const weights = Array.from({ length: size }, () => Math.max(0, stream.uniform() ** 6 - 0.01));
  weights[Math.floor(size * stream.uniform())] += 0.1;
  const total = weights.reduce((a, b) => a + b);
  return Float32Array.from(weights, (weight) => Math.log(weight / total));
}

describe.each([2, 27, 64, 65, 256, 257, 1001])("a DistributionTable of %i tokens", (size) => {
  const stream = new NameStream(1, size);
  const logProbs = distribution(size, stream);

  test("has the cells of a TransitionTable, and draws them by the same random numbers", () => {
    const small = new DistributionTable(size, 2);
    const large = new TransitionTable(size, 2);
    for (const table of [small, large]) table.set(1, logProbs, 0);
    expect(small.logProbs(1)).toEqual(logProbs);
    for (let token = 0; token < size; token++) {
      const cell = small.cell(1, token);
      expect(cell).toBe(large.cell(1, token));
      expect([small.token(cell), small.logProb(cell)]).toEqual([token, logProbs[token]]);
    }
    const drawn = (table: DistributionTable | TransitionTable, chance: number) =>
      table.draw(1, { next: () => chance });
    /** The largest random number that draws one of the first cells, by bisection. */
    const last = (table: DistributionTable | TransitionTable, cell: number) => {
      let [low, high] = [0, 2 ** 32 - 1];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (drawn(table, middle) <= cell) low = middle;
        else high = middle - 1;
      }
      return low;
    };
    for (let cell = size; cell < 2 * size; cell += Math.ceil(size / 50)) {
      expect(last(small, cell)).toBe(last(large, cell));
    }
    for (const chance of [0, 2 ** 31, 2 ** 32 - 1]) expect(drawn(small, chance)).toBe(drawn(large, chance));
  });

  test("keeps its rows when it grows", () => {
    const table = new DistributionTable(size, 1);
    table.set(0, logProbs, 0);
    table.grow(3);
    const other = distribution(size, stream);
    table.set(2, Float32Array.of(0, ...other), 1);
    expect([table.room, table.logProbs(0), table.logProbs(2)]).toEqual([3, logProbs, other]);
    expect(table.draw(0, { next: () => 0 })).toBe(0);
  });
});

test("a DistributionTable refuses what is not a distribution, and writes nothing", () => {
  const table = new DistributionTable(2, 1);
  const row = Float32Array.of(Math.log(0.75), Math.log(0.25));
  table.set(0, row, 0);
  expect(() => table.set(0, Float32Array.of(-1, -1), 0)).toThrow(
    "its probabilities add up to 0.7358, not to 1",
  );
  expect(() => table.set(0, Float32Array.of(0, NaN), 0)).toThrow("one of its log-probabilities is NaN");
  expect(table.logProbs(0)).toEqual(row);
});

test("a row takes its log-probabilities, a byte or two for each token, and a sum", () => {
  expect(DistributionTable.bytesPerRow(27)).toBe(27 * 5 + 8);
  expect(DistributionTable.bytesPerRow(256)).toBe(256 * 5 + 8);
  expect(DistributionTable.bytesPerRow(257)).toBe(257 * 6 + 8);
});
