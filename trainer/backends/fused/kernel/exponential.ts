import { multiplyAdd } from "./vector";

/** Below this exp(x) is no normal float32. */
const LOWEST: f32 = -87;
/** Added and taken away, it rounds to a whole number, which meanwhile stands in the lowest bits. */
const ROUNDING: f32 = 12582912; // 1.5 * 2^23
const LOG2_E: f32 = 1.44269504;
/** ln 2 in two parts; the first has so few bits that its products with exponents are exact. */
const LN_2_HIGH: f32 = 0.693359375;
const LN_2_LOW: f32 = -2.12194440e-4;

/**
 * exp(x) for x up to 0, to about one unit in the last place; NaN stays NaN.
 *
 * x = k ln 2 + r with |r| up to ln(2) / 2: exp(r) is its Taylor polynomial of degree 7, whose rest is below 1e-8,
 * and k is added to the exponent's bits.
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

/** tanh(x) = sign(x) (1 - t) / (1 + t) with t = exp(-2 |x|), within 1e-7. */
export function tanh(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const t = expOfNegative(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)));
  const one = f32x4.splat(1);
  return v128.or(f32x4.div(f32x4.sub(one, t), f32x4.add(one, t)), sign);
}
