/*
 * What recurrent layers share: the state before each row of a position, and its gradient. Rows come by time (../rows.ts): those of
 * a position follow those of the position before, and several may come after the same one.
 */
import { addRow } from "./positions";

/**
 * Copies the state one position before each row.
 *
 * @param out [rows, size]
 * @param states [all rows, size]
 * @param start [size], the state before the first position.
 * @param parents int32 [rows], the row one position before.
 */
export function statesBefore(
  out: usize,
  states: usize,
  start: usize,
  stride: usize,
  time: i32,
  parents: usize,
  rows: i32,
): void {
  for (let row = 0; row < rows; row++, out += stride, parents += 4) {
    memory.copy(out, time > 0 ? states + load<i32>(parents) * stride : start, stride);
  }
}

/**
 * Adds the gradient of the state one position before each row to that of the row that it is of, or of the start.
 *
 * @param d [rows, size]
 * @param dStates [all rows, size]
 * @param dStart [size]
 */
export function addToStatesBefore(
  dStates: usize,
  dStart: usize,
  d: usize,
  stride: usize,
  time: i32,
  parents: usize,
  rows: i32,
): void {
  for (let row = 0; row < rows; row++, d += stride, parents += 4) {
    addRow(time > 0 ? dStates + load<i32>(parents) * stride : dStart, stride, d, 1);
  }
}
