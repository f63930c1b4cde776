/* The hyperbolic tangent, in place. */
import { expOfNegative } from "./exponential";
import { VECTOR } from "./vector";

/** x = tanh(x). */
export function tanhInPlace(x: usize, bytes: usize): void {
  for (let at = x, end = x + bytes; at < end; at += VECTOR) v128.store(at, tanh(v128.load(at)));
}

/** dx = dx (1 - y^2), where y = tanh(x): the gradient after tanh becomes the gradient before it. */
export function tanhGradient(dx: usize, y: usize, bytes: usize): void {
  const toActivation = y - dx;
  const one = f32x4.splat(1);
  for (let at = dx, end = dx + bytes; at < end; at += VECTOR) {
    const activation = v128.load(at + toActivation);
    const slope = f32x4.sub(one, f32x4.mul(activation, activation));
    v128.store(at, f32x4.mul(v128.load(at), slope));
  }
}

/** tanh(x) = sign(x) (1 - t) / (1 + t) with t = exp(-2 |x|), within 1e-7. */
export function tanh(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const t = expOfNegative(f32x4.mul(f32x4.abs(x), f32x4.splat(-2)));
  const one = f32x4.splat(1);
  return v128.or(f32x4.div(f32x4.sub(one, t), f32x4.add(one, t)), sign);
}
