import { expect, test } from "vitest";
import { columnStatistics } from "../../trainer/column_statistics.ts";

test("columnStatistics measures columns over all parts; the deviation divides by the rows less one", () => {
  const parts = [Float32Array.of(1, 10, 2, 20), Float32Array.of(3, 60)]; // rows (1, 10), (2, 20), (3, 60)
  const { mean, std } = columnStatistics(parts, 2);
  expect(Array.from(mean)).toEqual([2, 30]);
  expect(std[0]).toBeCloseTo(1, 6);
  expect(std[1]).toBeCloseTo(Math.sqrt(700), 4);
});

test("columnStatistics counts rows as often as they occur", () => {
  const counted = { values: Float32Array.of(1, 10, 3, 60), counts: Int32Array.of(3, 2) };
  const repeated = Float32Array.of(1, 10, 1, 10, 1, 10, 3, 60, 3, 60);
  expect(columnStatistics([counted], 2)).toEqual(columnStatistics([repeated], 2));
});
