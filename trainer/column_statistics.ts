/** Mean and standard deviation of each column; the deviation divides by the rows less one. */
export interface ColumnStatistics {
  /** [columns] */
  mean: Float32Array<ArrayBuffer>;
  /** [columns] */
  std: Float32Array<ArrayBuffer>;
}

/**
 * Measures the columns of a matrix that comes in parts, in float64.
 *
 * @param parts Each [rows, columns], row-major.
 */
export function columnStatistics(parts: Iterable<ArrayLike<number>>, columns: number): ColumnStatistics {
  const sum = new Float64Array(columns);
  const sumOfSquares = new Float64Array(columns);
  let rows = 0;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      sum[i % columns] += part[i];
      sumOfSquares[i % columns] += part[i] * part[i];
    }
    rows += part.length / columns;
  }
  return {
    mean: Float32Array.from(sum, (total) => total / rows),
    std: Float32Array.from(sumOfSquares, (total, i) => Math.sqrt((total - sum[i] ** 2 / rows) / (rows - 1))),
  };
}
