import type { Parameter } from "./parameters.ts";

/** Most steps of power iteration. */
const MAX_STEPS = 10_000;
/** Power iteration has converged when a step changes its unit vector by less than this squared length. */
const CONVERGED = 1e-24;

/**
 * Projects the rows of a matrix on its first two principal components. Each component is a unit vector whose largest
 * element is positive.
 *
 * Method: power iteration on the covariance; the second component after deflation.
 *
 * @param matrix [rows, columns]
 * @returns A point for each row.
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
    const direction = principalComponent(centred, columns);
    const points = centred.map((row) => dot(row, direction));
    centred = centred.map((row, i) => row.map((value, column) => value - points[i] * direction[column]));
    return points;
  });
  return axes[0].map((x, row) => [x, axes[1][row]]);
}

/** The first principal component of centred rows. */
function principalComponent(centred: readonly number[][], columns: number): number[] {
  const covariance = Array.from(
    { length: columns },
    (_, i) =>
      Array.from({ length: columns }, (_, j) => centred.reduce((sum, row) => sum + row[i] * row[j], 0)),
  );
  // The covariances of the column that varies most are not orthogonal to the first component.
  const most = covariance.reduce((best, row, i) => (row[i] > covariance[best][best] ? i : best), 0);
  let direction = unit(covariance[most]);
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = unit(covariance.map((row) => dot(row, direction)));
    const change = next.reduce((sum, value, i) => sum + (value - direction[i]) ** 2, 0);
    direction = next;
    if (change < CONVERGED) break;
  }
  const largest = direction.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return direction.map((value) => value * (Math.sign(largest) || 1));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/** Scales a vector to length 1; a zero vector is returned unchanged. */
function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
}
