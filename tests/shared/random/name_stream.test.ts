import { describe, expect, test } from "vitest";
import { NameStream } from "../../../shared/random/name_stream.ts";

describe("NameStream", () => {
  // Computed by a second implementation, in Python's integers.
  test("gives these numbers on every engine", () => {
    const stream = new NameStream(42, 0);
    expect([stream.uniform(), stream.uniform()]).toEqual([0.353822316897599, 0.7129278593799365]);
    expect(new NameStream(2 ** 53 - 1, 999).uniform()).toBe(0.38906764746020883);
  });

  test("is the same made anew or begun again", () => {
    const stream = new NameStream(1, 2);
    stream.next();
    stream.reset(42, 0);
    expect([stream.next(), stream.next()]).toEqual([1519656407, 771060161]);
  });

  test("tells apart seeds that differ in any bit, and indices", () => {
    const first = new Set<number>();
    for (let bit = 0; bit < 53; bit++) first.add(new NameStream(2 ** bit, 0).uniform());
    for (let index = 0; index < 1000; index++) first.add(new NameStream(0, index).uniform());
    expect(first.size).toBe(1053);
  });

  // 64 cells, 63 degrees of freedom: 0.1% of fair generators exceed 103.4, and the seeds are fixed.
  const LIMIT = 103.4;

  test("spreads the first numbers of neighbouring indices evenly", () => {
    expect(chiSquared(Array.from({ length: 100_000 }, (_, i) => new NameStream(7, i).uniform())))
      .toBeLessThan(LIMIT);
  });

  test("spreads the first numbers of neighbouring seeds evenly", () => {
    expect(chiSquared(Array.from({ length: 100_000 }, (_, i) => new NameStream(i, 3).uniform())))
      .toBeLessThan(LIMIT);
  });

  test("spreads the numbers of one stream evenly, and pairs of neighbours too", () => {
    const stream = new NameStream(1, 1);
    const numbers = Array.from({ length: 100_000 }, () => stream.uniform());
    expect(chiSquared(numbers)).toBeLessThan(LIMIT);
    const pairs = numbers.slice(1).map((number, i) =>
      (Math.floor(number * 8) * 8 + Math.floor(numbers[i] * 8)) / 64
    );
    expect(chiSquared(pairs)).toBeLessThan(LIMIT);
  });
});

/** The chi-squared statistic of numbers from [0, 1) in 64 equal cells. */
function chiSquared(numbers: number[]): number {
  const cells = new Array<number>(64).fill(0);
  for (const number of numbers) cells[Math.floor(number * 64)]++;
  const expected = numbers.length / 64;
  return cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
