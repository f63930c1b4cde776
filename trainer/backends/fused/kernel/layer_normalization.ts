/*
 * Layer normalization of each row: out = gain n + shift, where n = (x - mean) / sqrt(variance + epsilon). The number of columns is
 * a multiple of eight, so that rows have no padding.
 */
import { multiplyAdd, sumOfLanes, VECTOR } from "./vector";

const EPSILON: f32 = 1e-5;

/**
 * Normalizes each row of x.
 *
 * @param normalized [batch, columns]: n, for the gradient.
 * @param deviations [batch, 1]: sqrt(variance + epsilon) of each row, for the gradient.
 */
export function layerNormalization(
  out: usize,
  normalized: usize,
  deviations: usize,
  deviationsStride: usize,
  x: usize,
  stride: usize,
  gain: usize,
  shift: usize,
  batch: i32,
): void {
  const columns: f32 = <f32> (stride >> 2);
  for (let row = 0; row < batch; row++) {
    let sum = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      sum = f32x4.add(sum, v128.load(x + offset));
    }
    const mean = f32x4.splat(sumOfLanes(sum) / columns);
    let squares = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const centred = f32x4.sub(v128.load(x + offset), mean);
      squares = multiplyAdd(centred, centred, squares);
    }
    const deviation: f32 = sqrt<f32>(sumOfLanes(squares) / columns + EPSILON);
    const factor = f32x4.splat(1 / deviation);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const n = f32x4.mul(f32x4.sub(v128.load(x + offset), mean), factor);
      v128.store(normalized + offset, n);
      v128.store(out + offset, multiplyAdd(n, v128.load(gain + offset), v128.load(shift + offset)));
    }
    store<f32>(deviations, deviation);
    x += stride;
    out += stride;
    normalized += stride;
    deviations += deviationsStride;
  }
}

/**
 * dx = (d - mean(d) - n mean(d n)) / sqrt(variance + epsilon), where d = gain dOut, is added to dx or, if it is the first
 * gradient of x, written there.
 */
export function layerNormalizationGradient(
  dGain: usize,
  dShift: usize,
  dx: usize,
  isFirst: bool,
  dOut: usize,
  normalized: usize,
  deviations: usize,
  deviationsStride: usize,
  stride: usize,
  gain: usize,
  batch: i32,
): void {
  const columns: f32 = <f32> (stride >> 2);
  memory.fill(dGain, 0, stride);
  memory.fill(dShift, 0, stride);
  for (let row = 0; row < batch; row++) {
    let sum = f32x4.splat(0);
    let products = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const gradient = v128.load(dOut + offset);
      const n = v128.load(normalized + offset);
      v128.store(dGain + offset, multiplyAdd(gradient, n, v128.load(dGain + offset)));
      v128.store(dShift + offset, f32x4.add(gradient, v128.load(dShift + offset)));
      const d = f32x4.mul(gradient, v128.load(gain + offset));
      sum = f32x4.add(sum, d);
      products = multiplyAdd(d, n, products);
    }
    const mean = f32x4.splat(sumOfLanes(sum) / columns);
    const through = f32x4.splat(sumOfLanes(products) / columns);
    const factor = f32x4.splat(1 / load<f32>(deviations));
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const d = f32x4.mul(v128.load(dOut + offset), v128.load(gain + offset));
      const centred = f32x4.sub(f32x4.sub(d, mean), f32x4.mul(v128.load(normalized + offset), through));
      const before = isFirst ? f32x4.splat(0) : v128.load(dx + offset);
      v128.store(dx + offset, multiplyAdd(centred, factor, before));
    }
    dx += stride;
    dOut += stride;
    normalized += stride;
    deviations += deviationsStride;
  }
}
