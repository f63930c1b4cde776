/*
 * A gated recurrent unit along time: with h the hidden layer one position before,
 *
 *     z = sigmoid(z + h Uz), r = sigmoid(r + h Ur), c = tanh(c + (r h) Uc), out = h + z (c - h)
 *
 * where z, r and c come with the part of the input in them. Rows come by time (../rows.ts): those of a position follow those
 * of the position before, and several may come after the same one.
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
 * @param z [rows, size], the input's part, overwritten with the gate; r and c likewise.
 * @param previous [rows, size], written with the hidden layer one position before.
 * @param reset [rows, size], written with r times that.
 * @param start [size], the hidden layer before the first position.
 * @param weightZ [size, size], Uz; weightR and weightC are Ur and Uc.
 * @param parents int32 [rows], the row one position before.
 * @param groups int32 [times + 1], the first row of each position, and the number of rows.
 */
export function gru(
  out: usize,
  z: usize,
  r: usize,
  c: usize,
  previous: usize,
  reset: usize,
  start: usize,
  weightZ: usize,
  weightR: usize,
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
    const bytes: usize = rows * stride;
    const h = previous + offset;
    statesBefore(h, out, start, stride, time, parents + (first << 2), rows);
    const zs = z + offset, rs = r + offset, cs = c + offset, resets = reset + offset;
    multiply(zs, stride, h, stride, weightZ, stride, zs, stride, rows, columns, size);
    multiply(rs, stride, h, stride, weightR, stride, rs, stride, rows, columns, size);
    for (let at: usize = 0; at < bytes; at += VECTOR) {
      const gate = sigmoid(v128.load(rs + at));
      v128.store(rs + at, gate);
      v128.store(resets + at, f32x4.mul(gate, v128.load(h + at)));
    }
    multiply(cs, stride, resets, stride, weightC, stride, cs, stride, rows, columns, size);
    const outs = out + offset;
    for (let at: usize = 0; at < bytes; at += VECTOR) {
      const gate = sigmoid(v128.load(zs + at));
      const candidate = tanh(v128.load(cs + at));
      const hidden = v128.load(h + at);
      v128.store(zs + at, gate);
      v128.store(cs + at, candidate);
      v128.store(outs + at, multiplyAdd(gate, f32x4.sub(candidate, hidden), hidden));
    }
  }
}

/**
 * The gradient, from the last position to the first (Werbos, "Backpropagation through time", 1990).
 *
 * @param dOut [rows, size]; the gradient that comes through later positions is added to it.
 * @param z [rows, size], the gate, overwritten with the gradient of its input; r and c likewise.
 * @param dStart [size], overwritten.
 * @param dWeightZ [size, size], overwritten; dWeightR and dWeightC likewise.
 * @param transposedZ [size, size], room for Uz^T; transposedR and transposedC likewise.
 * @param dPrevious [rows, size], room.
 * @param zeros [size]
 * @param parents int32 [rows], the row one position before.
 */
export function gruGradient(
  dOut: usize,
  z: usize,
  r: usize,
  c: usize,
  previous: usize,
  reset: usize,
  dStart: usize,
  weightZ: usize,
  weightR: usize,
  weightC: usize,
  dWeightZ: usize,
  dWeightR: usize,
  dWeightC: usize,
  transposedZ: usize,
  transposedR: usize,
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
  transpose(transposedZ, stride, weightZ, stride, columns, columns);
  transpose(transposedR, stride, weightR, stride, columns, columns);
  transpose(transposedC, stride, weightC, stride, columns, columns);
  memory.fill(dStart, 0, stride);
  for (let time = times - 1; time >= 0; time--) {
    const first = load<i32>(groups + (time << 2));
    const rows = load<i32>(groups + (time << 2), 4) - first;
    const offset: usize = first * stride;
    const bytes: usize = rows * stride;
    const zs = z + offset, rs = r + offset, cs = c + offset, h = previous + offset, ds = dOut + offset;
    const dh = dPrevious + offset;
    for (let at: usize = 0; at < bytes; at += VECTOR) {
      const gate = v128.load(zs + at);
      const candidate = v128.load(cs + at);
      const d = v128.load(ds + at);
      const dGate = f32x4.mul(d, f32x4.sub(candidate, v128.load(h + at)));
      const dCandidate = f32x4.mul(d, gate);
      const rest = f32x4.sub(one, gate);
      v128.store(zs + at, f32x4.mul(dGate, f32x4.mul(gate, rest)));
      v128.store(cs + at, f32x4.mul(dCandidate, f32x4.sub(one, f32x4.mul(candidate, candidate))));
      v128.store(dh + at, f32x4.mul(d, rest));
    }
    // The gradient of r h, in place of that of the outputs, which was its last use.
    multiply(ds, stride, cs, stride, transposedC, stride, zeros, 0, rows, columns, size);
    for (let at: usize = 0; at < bytes; at += VECTOR) {
      const gate = v128.load(rs + at);
      const d = v128.load(ds + at);
      v128.store(dh + at, multiplyAdd(d, gate, v128.load(dh + at)));
      const slope = f32x4.mul(gate, f32x4.sub(one, gate));
      v128.store(rs + at, f32x4.mul(f32x4.mul(d, v128.load(h + at)), slope));
    }
    multiply(dh, stride, zs, stride, transposedZ, stride, dh, stride, rows, columns, size);
    multiply(dh, stride, rs, stride, transposedR, stride, dh, stride, rows, columns, size);
    addToStatesBefore(dOut, dStart, dh, stride, time, parents + (first << 2), rows);
  }
  const rows = load<i32>(groups + (times << 2));
  multiplyTransposed(dWeightZ, stride, previous, stride, z, stride, columns, columns, rows);
  multiplyTransposed(dWeightR, stride, previous, stride, r, stride, columns, columns, rows);
  multiplyTransposed(dWeightC, stride, reset, stride, c, stride, columns, columns, rows);
}
