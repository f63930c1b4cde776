/* The logistic sigmoid. */
import { expOfNegative } from "./exponential";

/** sigmoid(x) = 1 / (1 + exp(-x)), from t = exp(-|x|) as 1 / (1 + t), or as t / (1 + t) where x is negative. */
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const t = expOfNegative(f32x4.neg(f32x4.abs(x)));
  const numerator = v128.bitselect(t, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, t));
}
