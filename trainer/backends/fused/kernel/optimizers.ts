/* The optimizers of trainer/optimizers.ts, on parameters that lie one after the other in memory. */
import { multiplyAdd, VECTOR } from "./vector";

/**
 * Plain stochastic gradient descent on the parameters from `begin` to `end`.
 *
 * @param toGradient Bytes from a parameter to its gradient.
 * @param keep What the weight decay leaves of a parameter, from 0 to 1, before the step.
 */
export function sgd(begin: usize, end: usize, toGradient: usize, rate: f32, keep: f32): void {
  const rates = f32x4.splat(-rate);
  const keeps = f32x4.splat(keep);
  for (let at = begin; at < end; at += VECTOR) {
    const weight = f32x4.mul(v128.load(at), keeps);
    v128.store(at, multiplyAdd(v128.load(at + toGradient), rates, weight));
  }
}

/**
 * Gradient descent with momentum 0.9.
 *
 * @param toVelocity Bytes from a parameter to its velocity.
 */
export function momentum(
  begin: usize,
  end: usize,
  toGradient: usize,
  rate: f32,
  keep: f32,
  toVelocity: usize,
): void {
  const inertia = f32x4.splat(0.9);
  const rates = f32x4.splat(-rate);
  const keeps = f32x4.splat(keep);
  for (let at = begin; at < end; at += VECTOR) {
    const velocity = multiplyAdd(v128.load(at + toVelocity), inertia, v128.load(at + toGradient));
    v128.store(at + toVelocity, velocity);
    v128.store(at, multiplyAdd(velocity, rates, f32x4.mul(v128.load(at), keeps)));
  }
}

/**
 * Adam.
 *
 * @param toMean Bytes from a parameter to its mean.
 * @param toVariance Bytes from a parameter to its variance.
 * @param beta2 How much of the variance stays.
 * @param meanCorrection 1 - beta1^t, with t from 1.
 * @param varianceCorrection 1 - beta2^t.
 */
export function adam(
  begin: usize,
  end: usize,
  toGradient: usize,
  rate: f32,
  keep: f32,
  toMean: usize,
  toVariance: usize,
  beta2: f32,
  meanCorrection: f32,
  varianceCorrection: f32,
): void {
  const beta1 = f32x4.splat(0.9);
  const beta2s = f32x4.splat(beta2);
  const rest1 = f32x4.splat(1 - 0.9);
  const rest2 = f32x4.splat(1 - beta2);
  const epsilon = f32x4.splat(1e-8);
  const rates = f32x4.splat(rate);
  const keeps = f32x4.splat(keep);
  const meanCorrections = f32x4.splat(meanCorrection);
  const varianceCorrections = f32x4.splat(varianceCorrection);
  for (let at = begin; at < end; at += VECTOR) {
    const gradient = v128.load(at + toGradient);
    const mean = multiplyAdd(v128.load(at + toMean), beta1, f32x4.mul(gradient, rest1));
    const squares = f32x4.mul(f32x4.mul(gradient, gradient), rest2);
    const variance = multiplyAdd(v128.load(at + toVariance), beta2s, squares);
    v128.store(at + toMean, mean);
    v128.store(at + toVariance, variance);
    const spread = f32x4.add(f32x4.sqrt(f32x4.div(variance, varianceCorrections)), epsilon);
    const direction = f32x4.div(f32x4.div(mean, meanCorrections), spread);
    v128.store(at, f32x4.sub(f32x4.mul(v128.load(at), keeps), f32x4.mul(direction, rates)));
  }
}

/** The sum of the squares of the numbers from `begin` to `end`, in float64. */
export function sumOfSquares(begin: usize, end: usize): f64 {
  let even = f64x2.splat(0);
  let odd = f64x2.splat(0);
  for (let at = begin; at < end; at += VECTOR) {
    const values = v128.load(at);
    const low = f64x2.promote_low_f32x4(values);
    const high = f64x2.promote_low_f32x4(
      i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
    );
    even = f64x2.add(even, f64x2.mul(low, low));
    odd = f64x2.add(odd, f64x2.mul(high, high));
  }
  const sums = f64x2.add(even, odd);
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** Multiplies the numbers from `begin` to `end` by a factor. */
export function scale(begin: usize, end: usize, factor: f32): void {
  const factors = f32x4.splat(factor);
  for (let at = begin; at < end; at += VECTOR) v128.store(at, f32x4.mul(v128.load(at), factors));
}
