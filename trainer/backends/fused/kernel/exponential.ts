import { multiplyAdd } from "./vector";

/** The lowest x whose exp(x) is a normal float32. */
const LOWEST: f32 = -87;
/** Adding this rounds to a whole number, which is then in the lowest bits; subtracting it gives that number as a float32. */
const ROUNDING: f32 = 12582912; // 1.5 * 2^23
const LOG2_E: f32 = 1.44269504;
/** ln 2 as a sum of two; the first has few bits, so that its products with exponents are exact. */
const LN_2_HIGH: f32 = 0.693359375;
const LN_2_LOW: f32 = -2.12194440e-4;

/**
 * exp(x) for x up to 0, to about one unit in the last place; NaN stays NaN.
 *
 * x = k ln 2 + r with |r| up to ln(2) / 2: exp(r) is computed by its Taylor polynomial of degree 7, whose error is
 * below 1e-8, and k is added to the bits of the exponent.
 */
export function expOfNegative(x: v128): v128 {
  const bounded = f32x4.pmax(x, f32x4.splat(LOWEST));
  const rounded = multiplyAdd(bounded, f32x4.splat(LOG2_E), f32x4.splat(ROUNDING));
  const k = f32x4.sub(rounded, f32x4.splat(ROUNDING));
  const coarse = multiplyAdd(k, f32x4.splat(-LN_2_HIGH), bounded);
  const r = multiplyAdd(k, f32x4.splat(-LN_2_LOW), coarse);
  let p = multiplyAdd(r, f32x4.splat(1.0 / 5040), f32x4.splat(1.0 / 720));
  p = multiplyAdd(p, r, f32x4.splat(1.0 / 120));
  p = multiplyAdd(p, r, f32x4.splat(1.0 / 24));
  p = multiplyAdd(p, r, f32x4.splat(1.0 / 6));
  p = multiplyAdd(p, r, f32x4.splat(0.5));
  p = multiplyAdd(p, r, f32x4.splat(1));
  p = multiplyAdd(p, r, f32x4.splat(1));
  return i32x4.add(p, i32x4.shl(rounded, 23));
}
