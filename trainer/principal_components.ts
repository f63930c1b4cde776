import type { Parameter } from "./parameters.ts";

/** Steps of power iteration, unless it comes to rest before. */
const MAX_STEPS = 10_000;
/** Where it has come to rest: the squared length of what a step changes in a vector of length 1. */
const REST = 1e-24;

/**
 * Where the rows of a matrix lie along the two directions in which they differ most: a picture of many dimensions in
 * two. Both directions are of length 1, and point where their largest part is positive.
 *
 * Source: power iteration on the covariance, the second direction after deflation.
 *
 * @param matrix [rows, columns]
 * @returns A pair for each row.
 */
export function principalComponents({ shape: [rows, columns], values }: Parameter): [number, number][] {
  const means = Array.from({ length: columns }, (_, column) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += values[row * columns + column];
    return sum / rows;
  });
  let centred = Array.from(
    { length: rows },
    (_, row) => means.map((mean, column) => values[row * columns + column] - mean),
  );
  const axes = [0, 1].map(() => {
    const direction = mainDirection(centred, columns);
    const places = centred.map((row) => dot(row, direction));
    centred = centred.map((row, i) => row.map((value, column) => value - places[i] * direction[column]));
    return places;
  });
  return axes[0].map((x, row) => [x, axes[1][row]]);
}

/** The direction in which some centred rows differ most. */
function mainDirection(centred: readonly number[][], columns: number): number[] {
  const covariance = Array.from(
    { length: columns },
    (_, i) =>
      Array.from({ length: columns }, (_, j) => centred.reduce((sum, row) => sum + row[i] * row[j], 0)),
  );
  // Begun with the column that varies most, it is not at right angles to the direction sought.
  const most = covariance.reduce((best, row, i) => (row[i] > covariance[best][best] ? i : best), 0);
  let direction = unit(covariance[most]);
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = unit(covariance.map((row) => dot(row, direction)));
    const change = next.reduce((sum, value, i) => sum + (value - direction[i]) ** 2, 0);
    direction = next;
    if (change < REST) break;
  }
  const largest = direction.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return direction.map((value) => value * (Math.sign(largest) || 1));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** A vector at length 1; one of length 0 stays. */
function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}
