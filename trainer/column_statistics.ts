/** Mean and standard deviation of each column; the deviation divides by rows - 1. */
export interface ColumnStatistics {
  /** [columns] */
  mean: Float32Array<ArrayBuffer>;
  /** [columns] */
  std: Float32Array<ArrayBuffer>;
}

/**
 * Computes the statistics of each column, in float64, of a matrix that is read in parts.
 *
 * @param parts Each [rows, columns], row-major.
 */
export function columnStatistics(parts: Iterable<Float32Array>, columns: number): ColumnStatistics {
  const sum = new Float64Array(columns);
  const sumOfSquares = new Float64Array(columns);
  let rows = 0;
  for (const part of parts) {
    for (let row = 0; row < part.length; row += columns) {
      for (let column = 0; column < columns; column++) {
        const value = part[row + column];
        sum[column] += value;
        sumOfSquares[column] += value * value;
      }
    }
    rows += part.length / columns;
  }
  return {
    mean: Float32Array.from(sum, (total) => total / rows),
    std: Float32Array.from(sumOfSquares, (total, i) => Math.sqrt((total - sum[i] ** 2 / rows) / (rows - 1))),
  };
}
