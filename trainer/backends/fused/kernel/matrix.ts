/* Products of float32 matrices, in blocks of four rows by eight columns, whose sums stay in eight registers. */
import { LANES, multiplyAdd, VECTOR } from "./vector";

/** Rows of a block. */
const BLOCK_ROWS: i32 = 4;
/** Columns of a block. */
const BLOCK_COLUMNS: i32 = 8;
const BLOCK_BYTES: usize = 32;

/**
 * out = a b + initial: [rows, terms] times [terms, columns].
 *
 * @param initial May be `out` itself; a stride of 0 adds one row to all rows.
 */
export function multiply(
  out: usize,
  outStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  initial: usize,
  initialStride: usize,
  rows: i32,
  columns: i32,
  terms: i32,
): void {
  for (let column = 0; column < columns; column += BLOCK_COLUMNS) {
    let a0 = a;
    let initial0 = initial;
    let out0 = out;
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      const initial1 = initial0 + initialStride;
      const initial2 = initial1 + initialStride;
      const initial3 = initial2 + initialStride;
      let s00 = v128.load(initial0), s01 = v128.load(initial0, 16);
      let s10 = v128.load(initial1), s11 = v128.load(initial1, 16);
      let s20 = v128.load(initial2), s21 = v128.load(initial2, 16);
      let s30 = v128.load(initial3), s31 = v128.load(initial3, 16);
      let x0 = a0;
      let x1 = x0 + aStride;
      let x2 = x1 + aStride;
      let x3 = x2 + aStride;
      let weights = b;
      const end = a0 + (terms << 2);
      while (x0 < end) {
        const w0 = v128.load(weights), w1 = v128.load(weights, 16);
        let x = v128.load32_splat(x0);
        s00 = multiplyAdd(x, w0, s00);
        s01 = multiplyAdd(x, w1, s01);
        x = v128.load32_splat(x1);
        s10 = multiplyAdd(x, w0, s10);
        s11 = multiplyAdd(x, w1, s11);
        x = v128.load32_splat(x2);
        s20 = multiplyAdd(x, w0, s20);
        s21 = multiplyAdd(x, w1, s21);
        x = v128.load32_splat(x3);
        s30 = multiplyAdd(x, w0, s30);
        s31 = multiplyAdd(x, w1, s31);
        x0 += 4;
        x1 += 4;
        x2 += 4;
        x3 += 4;
        weights += bStride;
      }
      const out1 = out0 + outStride;
      const out2 = out1 + outStride;
      const out3 = out2 + outStride;
      v128.store(out0, s00), v128.store(out0, s01, 16);
      v128.store(out1, s10), v128.store(out1, s11, 16);
      v128.store(out2, s20), v128.store(out2, s21, 16);
      v128.store(out3, s30), v128.store(out3, s31, 16);
      a0 += aStride << 2;
      initial0 += initialStride << 2;
      out0 += outStride << 2;
    }
    b += BLOCK_BYTES;
    initial += BLOCK_BYTES;
    out += BLOCK_BYTES;
  }
}

/** out = a^T b: the transpose of [terms, rows] times [terms, columns]. */
export function multiplyTransposed(
  out: usize,
  outStride: usize,
  a: usize,
  aStride: usize,
  b: usize,
  bStride: usize,
  rows: i32,
  columns: i32,
  terms: i32,
): void {
  for (let column = 0; column < columns; column += BLOCK_COLUMNS) {
    let a0 = a;
    let out0 = out;
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      const zero = f32x4.splat(0);
      let s00 = zero, s01 = zero, s10 = zero, s11 = zero, s20 = zero, s21 = zero, s30 = zero, s31 = zero;
      let xs = a0;
      let weights = b;
      for (let term = 0; term < terms; term++) {
        const w0 = v128.load(weights), w1 = v128.load(weights, 16);
        let x = v128.load32_splat(xs);
        s00 = multiplyAdd(x, w0, s00);
        s01 = multiplyAdd(x, w1, s01);
        x = v128.load32_splat(xs, 4);
        s10 = multiplyAdd(x, w0, s10);
        s11 = multiplyAdd(x, w1, s11);
        x = v128.load32_splat(xs, 8);
        s20 = multiplyAdd(x, w0, s20);
        s21 = multiplyAdd(x, w1, s21);
        x = v128.load32_splat(xs, 12);
        s30 = multiplyAdd(x, w0, s30);
        s31 = multiplyAdd(x, w1, s31);
        xs += aStride;
        weights += bStride;
      }
      const out1 = out0 + outStride;
      const out2 = out1 + outStride;
      const out3 = out2 + outStride;
      v128.store(out0, s00), v128.store(out0, s01, 16);
      v128.store(out1, s10), v128.store(out1, s11, 16);
      v128.store(out2, s20), v128.store(out2, s21, 16);
      v128.store(out3, s30), v128.store(out3, s31, 16);
      a0 += VECTOR;
      out0 += outStride << 2;
    }
    b += BLOCK_BYTES;
    out += BLOCK_BYTES;
  }
}

/** out = a^T, of [rows, columns]; both are multiples of four. */
export function transpose(
  out: usize,
  outStride: usize,
  a: usize,
  aStride: usize,
  rows: i32,
  columns: i32,
): void {
  for (let row = 0; row < rows; row += LANES) {
    let from = a;
    let to = out;
    for (let column = 0; column < columns; column += LANES) {
      const r0 = v128.load(from);
      const r1 = v128.load(from + aStride);
      const r2 = v128.load(from + 2 * aStride);
      const r3 = v128.load(from + 3 * aStride);
      const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
      const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
      const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      v128.store(to, v128.shuffle<f64>(low01, low23, 0, 2));
      v128.store(to + outStride, v128.shuffle<f64>(low01, low23, 1, 3));
      v128.store(to + 2 * outStride, v128.shuffle<f64>(high01, high23, 0, 2));
      v128.store(to + 3 * outStride, v128.shuffle<f64>(high01, high23, 1, 3));
      from += VECTOR;
      to += outStride << 2;
    }
    a += aStride << 2;
    out += VECTOR;
  }
}

/** out = the sum of the rows of [rows, columns]; columns is a multiple of four. */
export function sumOfRows(out: usize, a: usize, aStride: usize, rows: i32, columns: i32): void {
  for (let column = 0; column < columns; column += LANES) {
    let sum = f32x4.splat(0);
    let from = a;
    for (let row = 0; row < rows; row++) {
      sum = f32x4.add(sum, v128.load(from));
      from += aStride;
    }
    v128.store(out, sum);
    a += VECTOR;
    out += VECTOR;
  }
}
