/*
 * Long short-term memory along time: with h the output and s the cell one position before,
 *
 *     i = sigmoid(i + h Ui), f = sigmoid(f + h Uf), o = sigmoid(o + h Uo), c = tanh(c + h Uc)
 *     cell = f s + i c, out = o tanh(cell)
 *
 * where i, f, o and c come with the part of the input in them. Rows come by time (../rows.ts).
 */
import { multiply, multiplyTransposed, transpose } from "./matrix";
import { addToStatesBefore, statesBefore } from "./scan";
import { sigmoid } from "./sigmoid";
import { tanh } from "./tanh";
import { multiplyAdd, VECTOR } from "./vector";

/**
 * The forward pass. All matrices of rows have the same stride.
 *
 * @param out [rows, size]
 * @param cell [rows, size], written.
 * @param i [rows, size], the input's part, overwritten with the gate; f, o and c likewise.
 * @param previous [rows, size], written with the output one position before; previousCell with the cell.
 * @param start [size], the output before the first position; startCell is the cell.
 * @param weightI [size, size], Ui; weightF, weightO and weightC are Uf, Uo and Uc.
 * @param parents int32 [rows], the row one position before.
 * @param groups int32 [times + 1], the first row of each position, and the number of rows.
 */
export function lstm(
  out: usize,
  cell: usize,
  i: usize,
  f: usize,
  o: usize,
  c: usize,
  previous: usize,
  previousCell: usize,
  start: usize,
  startCell: usize,
  weightI: usize,
  weightF: usize,
  weightO: usize,
  weightC: usize,
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
    const own = parents + (first << 2);
    const h = previous + offset, s = previousCell + offset;
    const is = i + offset, fs = f + offset, os = o + offset, cs = c + offset;
    const cells = cell + offset, outs = out + offset;
    statesBefore(h, out, start, stride, time, own, rows);
    statesBefore(s, cell, startCell, stride, time, own, rows);
    multiply(is, stride, h, stride, weightI, stride, is, stride, rows, columns, size);
    multiply(fs, stride, h, stride, weightF, stride, fs, stride, rows, columns, size);
    multiply(os, stride, h, stride, weightO, stride, os, stride, rows, columns, size);
    multiply(cs, stride, h, stride, weightC, stride, cs, stride, rows, columns, size);
    for (let at: usize = 0, end: usize = rows * stride; at < end; at += VECTOR) {
      const input = sigmoid(v128.load(is + at));
      const forget = sigmoid(v128.load(fs + at));
      const output = sigmoid(v128.load(os + at));
      const candidate = tanh(v128.load(cs + at));
      const next = multiplyAdd(input, candidate, f32x4.mul(forget, v128.load(s + at)));
      v128.store(is + at, input);
      v128.store(fs + at, forget);
      v128.store(os + at, output);
      v128.store(cs + at, candidate);
      v128.store(cells + at, next);
      v128.store(outs + at, f32x4.mul(output, tanh(next)));
    }
  }
}

/**
 * The gradient, from the last position to the first (Werbos, "Backpropagation through time", 1990).
 *
 * @param dOut [rows, size]; the gradient that comes through later positions is added to it.
 * @param dCell [rows, size], room.
 * @param i [rows, size], the gate, overwritten with the gradient of its input; f, o and c likewise.
 * @param dStart [size], overwritten; dStartCell likewise.
 * @param dWeightI [size, size], overwritten; dWeightF, dWeightO and dWeightC likewise.
 * @param transposedI [size, size], room for Ui^T; transposedF, transposedO and transposedC likewise.
 * @param dPrevious [rows, size], room.
 * @param zeros [size]
 */
export function lstmGradient(
  dOut: usize,
  dCell: usize,
  cell: usize,
  i: usize,
  f: usize,
  o: usize,
  c: usize,
  previous: usize,
  previousCell: usize,
  dStart: usize,
  dStartCell: usize,
  weightI: usize,
  weightF: usize,
  weightO: usize,
  weightC: usize,
  dWeightI: usize,
  dWeightF: usize,
  dWeightO: usize,
  dWeightC: usize,
  transposedI: usize,
  transposedF: usize,
  transposedO: usize,
  transposedC: usize,
  dPrevious: usize,
  zeros: usize,
  parents: usize,
  groups: usize,
  times: i32,
  stride: usize,
  size: i32,
): void {
  const columns = i32(stride >> 2);
  const one = f32x4.splat(1);
  transpose(transposedI, stride, weightI, stride, columns, columns);
  transpose(transposedF, stride, weightF, stride, columns, columns);
  transpose(transposedO, stride, weightO, stride, columns, columns);
  transpose(transposedC, stride, weightC, stride, columns, columns);
  const all = load<i32>(groups + (times << 2));
  memory.fill(dStart, 0, stride);
  memory.fill(dStartCell, 0, stride);
  memory.fill(dCell, 0, all * stride);
  for (let time = times - 1; time >= 0; time--) {
    const first = load<i32>(groups + (time << 2));
    const rows = load<i32>(groups + (time << 2), 4) - first;
    const offset: usize = first * stride;
    const own = parents + (first << 2);
    const is = i + offset, fs = f + offset, os = o + offset, cs = c + offset;
    const s = previousCell + offset, cells = cell + offset;
    const ds = dOut + offset, dCells = dCell + offset, dh = dPrevious + offset;
    for (let at: usize = 0, end: usize = rows * stride; at < end; at += VECTOR) {
      const input = v128.load(is + at);
      const forget = v128.load(fs + at);
      const output = v128.load(os + at);
      const candidate = v128.load(cs + at);
      const squashed = tanh(v128.load(cells + at));
      const d = v128.load(ds + at);
      const slope = f32x4.sub(one, f32x4.mul(squashed, squashed));
      const dNext = multiplyAdd(f32x4.mul(d, output), slope, v128.load(dCells + at));
      const dInput = f32x4.mul(f32x4.mul(dNext, candidate), f32x4.mul(input, f32x4.sub(one, input)));
      const dForget = f32x4.mul(
        f32x4.mul(dNext, v128.load(s + at)),
        f32x4.mul(forget, f32x4.sub(one, forget)),
      );
      const dOutput = f32x4.mul(f32x4.mul(d, squashed), f32x4.mul(output, f32x4.sub(one, output)));
      const dCandidate = f32x4.mul(
        f32x4.mul(dNext, input),
        f32x4.sub(one, f32x4.mul(candidate, candidate)),
      );
      v128.store(is + at, dInput);
      v128.store(fs + at, dForget);
      v128.store(os + at, dOutput);
      v128.store(cs + at, dCandidate);
      v128.store(dCells + at, f32x4.mul(dNext, forget)); // that of the cell one position before
    }
    addToStatesBefore(dCell, dStartCell, dCells, stride, time, own, rows);
    multiply(dh, stride, is, stride, transposedI, stride, zeros, 0, rows, columns, size);
    multiply(dh, stride, fs, stride, transposedF, stride, dh, stride, rows, columns, size);
    multiply(dh, stride, os, stride, transposedO, stride, dh, stride, rows, columns, size);
    multiply(dh, stride, cs, stride, transposedC, stride, dh, stride, rows, columns, size);
    addToStatesBefore(dOut, dStart, dh, stride, time, own, rows);
  }
  multiplyTransposed(dWeightI, stride, previous, stride, i, stride, columns, columns, all);
  multiplyTransposed(dWeightF, stride, previous, stride, f, stride, columns, columns, all);
  multiplyTransposed(dWeightO, stride, previous, stride, o, stride, columns, columns, all);
  multiplyTransposed(dWeightC, stride, previous, stride, c, stride, columns, columns, all);
}
