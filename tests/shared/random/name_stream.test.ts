import { describe, expect, test } from "vitest";
import { NameStream } from "../../../shared/random/name_stream.ts";

describe("NameStream", () => {
  // The expected numbers come from a second implementation, in Python.
  test("gives these numbers on every JavaScript engine", () => {
    const stream = new NameStream(42, 0);
    expect([stream.uniform(), stream.uniform()]).toEqual([0.353822316897599, 0.7129278593799365]);
    expect(new NameStream(2 ** 53 - 1, 999).uniform()).toBe(0.38906764746020883);
  });

  test("gives the same numbers after reset as a new stream", () => {
    const stream = new NameStream(1, 2);
    stream.next();
    stream.reset(42, 0);
    expect([stream.next(), stream.next()]).toEqual([1519656407, 771060161]);
  });

  test("gives different numbers for seeds that differ in one bit, and for different indices", () => {
    const first = new Set<number>();
    for (let bit = 0; bit < 53; bit++) first.add(new NameStream(2 ** bit, 0).uniform());
    for (let index = 0; index < 1000; index++) first.add(new NameStream(0, index).uniform());
    expect(first.size).toBe(1053);
  });

  // The 99.9th percentile of the chi-squared distribution with 63 degrees of freedom, for 64 cells. The seeds are fixed.
  const LIMIT = 103.4;

  test("is uniform over the first numbers of consecutive indices", () => {
    expect(chiSquared(Array.from({ length: 100_000 }, (_, i) => new NameStream(7, i).uniform())))
      .toBeLessThan(LIMIT);
  });

  test("is uniform over the first numbers of consecutive seeds", () => {
    expect(chiSquared(Array.from({ length: 100_000 }, (_, i) => new NameStream(i, 3).uniform())))
      .toBeLessThan(LIMIT);
  });

  test("is uniform over the numbers of one stream, and over pairs of consecutive numbers", () => {
    const stream = new NameStream(1, 1);
    const numbers = Array.from({ length: 100_000 }, () => stream.uniform());
    expect(chiSquared(numbers)).toBeLessThan(LIMIT);
    const pairs = numbers.slice(1).map((number, i) =>
      (Math.floor(number * 8) * 8 + Math.floor(numbers[i] * 8)) / 64
    );
    expect(chiSquared(pairs)).toBeLessThan(LIMIT);
  });
});

/** The chi-squared statistic of numbers in [0, 1), counted in 64 equal cells. */
function chiSquared(numbers: number[]): number {
  const cells = new Array<number>(64).fill(0);
  for (const number of numbers) cells[Math.floor(number * 64)]++;
  const expected = numbers.length / 64;
  return cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
