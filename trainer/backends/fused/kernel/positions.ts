/* Rows that are added to all rows, or to those at their position. */
import { VECTOR } from "./vector";

/** Adds a row to each of [batch, columns]. */
export function addRow(out: usize, stride: usize, row: usize, batch: i32): void {
  for (let example = 0; example < batch; example++, out += stride) {
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(out + offset, f32x4.add(v128.load(out + offset), v128.load(row + offset)));
    }
  }
}

/**
 * Adds to each row of [batch, columns] the row of the table at its position; later positions share the last row. The number of
 * columns is a multiple of four.
 *
 * @param table [count, columns]
 * @param positions int32 [batch]
 */
export function addPositions(
  out: usize,
  stride: usize,
  table: usize,
  positions: usize,
  batch: i32,
  count: i32,
): void {
  for (let example = 0; example < batch; example++, out += stride, positions += 4) {
    addRow(out, stride, table + min(load<i32>(positions), count - 1) * stride, 1);
  }
}

/** Sums the gradients at each position; see {@link addPositions}. */
export function addPositionsGradient(
  dTable: usize,
  dOut: usize,
  stride: usize,
  positions: usize,
  batch: i32,
  count: i32,
): void {
  memory.fill(dTable, 0, count * stride);
  for (let example = 0; example < batch; example++, dOut += stride, positions += 4) {
    addRow(dTable + min(load<i32>(positions), count - 1) * stride, stride, dOut, 1);
  }
}
