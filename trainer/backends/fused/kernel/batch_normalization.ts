/*
 * Batch normalization with the mini-batch's own statistics: out = gain (x - mean) / std + shift. The deviation divides
 * by the rows less one, as in the notebooks.
 */
import { multiplyAdd, VECTOR } from "./vector";

/**
 * Normalizes each column of x in place, and writes gain x + shift.
 *
 * Padding, where gain and deviation are 0, stays 0.
 *
 * @param x [batch, columns], left normalized for the gradient.
 * @param batchStd [columns], the deviation of the mini-batch, for the gradient.
 * @param momentum How much of the running mean and std becomes the mini-batch's; 0 leaves them alone.
 */
export function batchNormalization(
  out: usize,
  x: usize,
  stride: usize,
  gain: usize,
  shift: usize,
  runningMean: usize,
  runningStd: usize,
  batchStd: usize,
  momentum: f32,
  batch: i32,
): void {
  const share = f32x4.splat(momentum);
  const rest = f32x4.splat(1 - momentum);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const toOut = out - x;
  for (let offset: usize = 0; offset < stride; offset += VECTOR) {
    const begin = x + offset;
    const end = begin + batch * stride;
    let sum = zero;
    for (let at = begin; at < end; at += stride) sum = f32x4.add(sum, v128.load(at));
    const average = f32x4.div(sum, f32x4.splat(<f32> batch));
    let squares = zero;
    for (let at = begin; at < end; at += stride) {
      const centred = f32x4.sub(v128.load(at), average);
      v128.store(at, centred);
      squares = multiplyAdd(centred, centred, squares);
    }
    const deviation = f32x4.sqrt(f32x4.div(squares, f32x4.splat(<f32> (batch - 1))));
    v128.store(batchStd + offset, deviation);
    const gains = v128.load(gain + offset);
    const shifts = v128.load(shift + offset);
    const isPadding = f32x4.eq(gains, zero);
    const divisor = v128.bitselect(one, deviation, v128.and(isPadding, f32x4.eq(deviation, zero)));
    for (let at = begin; at < end; at += stride) {
      const normalized = f32x4.div(v128.load(at), divisor);
      v128.store(at, normalized);
      v128.store(at + toOut, multiplyAdd(normalized, gains, shifts));
    }
    if (momentum > 0) {
      const oldMean = f32x4.mul(v128.load(runningMean + offset), rest);
      v128.store(runningMean + offset, f32x4.add(oldMean, f32x4.mul(average, share)));
      const oldStd = f32x4.mul(v128.load(runningStd + offset), rest);
      v128.store(runningStd + offset, f32x4.add(oldStd, f32x4.mul(deviation, share)));
    }
  }
}

/**
 * dx = gain (d - mean(d) - n sum(d n) / (batch - 1)) / std, where d is dOut and n is x normalized: the gradient
 * goes through the statistics too.
 *
 * @param d [batch, columns], dOut before and dx after.
 * @param normalized [batch, columns], as {@link batchNormalization} left it.
 */
export function batchNormalizationGradient(
  dGain: usize,
  dShift: usize,
  d: usize,
  normalized: usize,
  stride: usize,
  gain: usize,
  batchStd: usize,
  batch: i32,
): void {
  const toNormalized = normalized - d;
  const zero = f32x4.splat(0);
  for (let offset: usize = 0; offset < stride; offset += VECTOR) {
    const begin = d + offset;
    const end = begin + batch * stride;
    let shiftSum = zero;
    let gainSum = zero;
    for (let at = begin; at < end; at += stride) {
      const gradient = v128.load(at);
      shiftSum = f32x4.add(shiftSum, gradient);
      gainSum = multiplyAdd(gradient, v128.load(at + toNormalized), gainSum);
    }
    v128.store(dGain + offset, gainSum);
    v128.store(dShift + offset, shiftSum);
    const throughMean = f32x4.div(shiftSum, f32x4.splat(<f32> batch));
    const throughStd = f32x4.div(gainSum, f32x4.splat(<f32> (batch - 1)));
    const deviation = v128.load(batchStd + offset);
    const factor = f32x4.div(v128.load(gain + offset), deviation);
    const isPadding = f32x4.eq(deviation, zero);
    for (let at = begin; at < end; at += stride) {
      const through = multiplyAdd(v128.load(at + toNormalized), throughStd, throughMean);
      const dx = f32x4.mul(f32x4.sub(v128.load(at), through), factor);
      v128.store(at, v128.andnot(dx, isPadding));
    }
  }
}

/**
 * Normalizes each column with statistics that were measured before: out = gain (x - mean) / std + shift, for evaluation.
 *
 * Padding, where gain and deviation are 0, becomes 0.
 *
 * @param x [batch, columns]; it stays.
 */
export function normalize(
  out: usize,
  x: usize,
  stride: usize,
  gain: usize,
  shift: usize,
  mean: usize,
  std: usize,
  batch: i32,
): void {
  const zero = f32x4.splat(0);
  const toOut = out - x;
  for (let offset: usize = 0; offset < stride; offset += VECTOR) {
    const gains = v128.load(gain + offset);
    const factor = v128.andnot(f32x4.div(gains, v128.load(std + offset)), f32x4.eq(gains, zero));
    const average = v128.load(mean + offset);
    const shifts = v128.load(shift + offset);
    const begin = x + offset;
    const end = begin + batch * stride;
    for (let at = begin; at < end; at += stride) {
      v128.store(at + toOut, multiplyAdd(f32x4.sub(v128.load(at), average), factor, shifts));
    }
  }
}
