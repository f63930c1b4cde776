/*
 * A recurrent layer along time: out = tanh(x + h U), where h is the output one position before. Rows come by time (../rows.ts).
 */
import { multiply, multiplyTransposed, transpose } from "./matrix";
import { addToStatesBefore, statesBefore } from "./scan";
import { tanhGradient, tanhInPlace } from "./tanh";

/**
 * The forward pass. All matrices of rows have the same stride.
 *
 * @param out [rows, size]
 * @param x [rows, size], the input's part.
 * @param previous [rows, size], written with the output one position before.
 * @param start [size], the output before the first position.
 * @param weight [size, size]
 * @param parents int32 [rows], the row one position before.
 * @param groups int32 [times + 1], the first row of each position, and the number of rows.
 */
export function rnn(
  out: usize,
  x: usize,
  previous: usize,
  start: usize,
  weight: usize,
  parents: usize,
  groups: usize,
  times: i32,
  stride: usize,
  size: i32,
): void {
  const columns = i32(stride >> 2);
  for (let time = 0; time < times; time++) {
    const first = load<i32>(groups + (time << 2));
    const rows = load<i32>(groups + (time << 2), 4) - first;
    const offset: usize = first * stride;
    const h = previous + offset, outs = out + offset;
    statesBefore(h, out, start, stride, time, parents + (first << 2), rows);
    multiply(outs, stride, h, stride, weight, stride, x + offset, stride, rows, columns, size);
    tanhInPlace(outs, rows * stride);
  }
}

/**
 * The gradient, from the last position to the first (Werbos, "Backpropagation through time", 1990).
 *
 * @param dOut [rows, size], overwritten with the gradient of x.
 * @param dStart [size], overwritten.
 * @param dWeight [size, size], overwritten.
 * @param transposed [size, size], room.
 * @param dPrevious [rows, size], room.
 * @param zeros [size]
 */
export function rnnGradient(
  dOut: usize,
  out: usize,
  previous: usize,
  dStart: usize,
  weight: usize,
  dWeight: usize,
  transposed: usize,
  dPrevious: usize,
  zeros: usize,
  parents: usize,
  groups: usize,
  times: i32,
  stride: usize,
  size: i32,
): void {
  const columns = i32(stride >> 2);
  transpose(transposed, stride, weight, stride, columns, columns);
  memory.fill(dStart, 0, stride);
  for (let time = times - 1; time >= 0; time--) {
    const first = load<i32>(groups + (time << 2));
    const rows = load<i32>(groups + (time << 2), 4) - first;
    const offset: usize = first * stride;
    const dx = dOut + offset, dh = dPrevious + offset;
    tanhGradient(dx, out + offset, rows * stride);
    multiply(dh, stride, dx, stride, transposed, stride, zeros, 0, rows, columns, size);
    addToStatesBefore(dOut, dStart, dh, stride, time, parents + (first << 2), rows);
  }
  const rows = load<i32>(groups + (times << 2));
  multiplyTransposed(dWeight, stride, previous, stride, dOut, stride, columns, columns, rows);
}
