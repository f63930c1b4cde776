/*
 * The Gaussian error linear unit in its tanh form, x sigmoid(z) with z = 2 sqrt(2 / pi) (x + 0.044715 x^3).
 *
 * Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016.
 */
import { expOfNegative } from "./exponential";
import { multiplyAdd, VECTOR } from "./vector";

/** 2 sqrt(2 / pi). */
const LINEAR: f32 = 1.5957691216;
/** 2 sqrt(2 / pi) 0.044715. */
const CUBIC: f32 = 0.0713548163;

/** out = gelu(x); x is overwritten with the slope, sigmoid(z) (1 + x z' (1 - sigmoid(z))), for the gradient. */
export function gelu(out: usize, x: usize, bytes: usize): void {
  const toOut = out - x;
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  const linear = f32x4.splat(LINEAR);
  for (let at = x, end = x + bytes; at < end; at += VECTOR) {
    const value = v128.load(at);
    const square = f32x4.mul(value, value);
    const z = f32x4.mul(value, multiplyAdd(square, f32x4.splat(CUBIC), linear));
    // sigmoid(z) = 1 / (1 + t) for z >= 0 and t / (1 + t) below, with t = exp(-|z|).
    const t = expOfNegative(f32x4.neg(f32x4.abs(z)));
    const numerator = v128.bitselect(t, one, f32x4.lt(z, zero));
    const gate = f32x4.div(numerator, f32x4.add(one, t));
    v128.store(at + toOut, f32x4.mul(value, gate));
    const slopeOfZ = multiplyAdd(square, f32x4.splat(3 * CUBIC), linear);
    const through = f32x4.mul(f32x4.mul(value, slopeOfZ), f32x4.sub(one, gate));
    v128.store(at, multiplyAdd(gate, through, gate));
  }
}

/** dx = dx slope: the gradient after {@link gelu} becomes the gradient before it. */
export function geluGradient(dx: usize, slope: usize, bytes: usize): void {
  const toSlope = slope - dx;
  for (let at = dx, end = dx + bytes; at < end; at += VECTOR) {
    v128.store(at, f32x4.mul(v128.load(at), v128.load(at + toSlope)));
  }
}
