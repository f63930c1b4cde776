/* A linear layer: out = x W + initial. */
import { multiply, multiplyTransposed, sumOfRows, transpose } from "./matrix";

/**
 * out = x W + initial.
 *
 * @param x [rows, terms]
 * @param weight [terms, columns]
 * @param initial The bias, with a stride of 0; or a matrix [rows, columns], which may be `out` itself.
 */
export function linear(
  out: usize,
  outStride: usize,
  x: usize,
  xStride: usize,
  weight: usize,
  initial: usize,
  initialStride: usize,
  rows: i32,
  columns: i32,
  terms: i32,
): void {
  multiply(out, outStride, x, xStride, weight, outStride, initial, initialStride, rows, columns, terms);
}

/**
 * dW = x^T dOut, dBias = the sum of the rows of dOut, dx = dOut W^T + dxInitial.
 *
 * @param dBias 0 for a layer without a bias.
 * @param dxInitial Zeros, with a stride of 0; or dx itself, where another layer's gradient is in it.
 * @param transposed Room for W^T.
 * @param batch Rows of x and dOut that are examples; `rows` is rounded up to whole blocks.
 * @param inputs Columns of x, with their padding.
 * @param columns Columns of dOut, with their padding.
 * @param terms Columns of dOut, without it.
 */
export function linearGradient(
  dWeight: usize,
  dBias: usize,
  dx: usize,
  dxInitial: usize,
  dxInitialStride: usize,
  x: usize,
  xStride: usize,
  weight: usize,
  transposed: usize,
  dOut: usize,
  outStride: usize,
  batch: i32,
  rows: i32,
  inputs: i32,
  columns: i32,
  terms: i32,
): void {
  multiplyTransposed(dWeight, outStride, x, xStride, dOut, outStride, inputs, columns, batch);
  if (dBias) sumOfRows(dBias, dOut, outStride, batch, columns);
  transpose(transposed, xStride, weight, outStride, inputs, columns);
  multiply(
    dx,
    xStride,
    dOut,
    outStride,
    transposed,
    xStride,
    dxInitial,
    dxInitialStride,
    rows,
    inputs,
    terms,
  );
}
