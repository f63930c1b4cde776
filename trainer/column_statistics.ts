/** Mean and standard deviation of each column; the deviation divides by rows - 1. */
export interface ColumnStatistics {
  /** [columns] */
  mean: Float32Array<ArrayBuffer>;
  /** [columns] */
  std: Float32Array<ArrayBuffer>;
}

/** Rows of a matrix, [rows, columns], row-major, and how often each of them counts, [rows]. */
export interface ColumnPart {
  values: Float32Array;
  counts: Int32Array;
}

/**
 * Computes the statistics of each column, in float64, of a matrix that is read in parts.
 *
 * @param parts Each [rows, columns], row-major; without counts each row counts once.
 */
export function columnStatistics(
  parts: Iterable<Float32Array | ColumnPart>,
  columns: number,
): ColumnStatistics {
  const sum = new Float64Array(columns);
  const sumOfSquares = new Float64Array(columns);
  let total = 0;
  for (const part of parts) {
    const { values, counts } = part instanceof Float32Array ? { values: part, counts: undefined } : part;
    for (let row = 0; row < values.length / columns; row++) {
      const count = counts?.[row] ?? 1;
      for (let column = 0; column < columns; column++) {
        const value = values[row * columns + column];
        sum[column] += count * value;
        sumOfSquares[column] += count * (value * value);
      }
      total += count;
    }
  }
  return {
    mean: Float32Array.from(sum, (sum) => sum / total),
    std: Float32Array.from(
      sumOfSquares,
      (squares, i) => Math.sqrt((squares - sum[i] ** 2 / total) / (total - 1)),
    ),
  };
}
