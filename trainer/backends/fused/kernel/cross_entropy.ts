/* Softmax and cross-entropy, with their gradient in the same pass. */
import { expOfNegative } from "./exponential";
import { maxOfLanes, sumOfLanes, VECTOR } from "./vector";

/**
 * The mean cross-entropy of logits, in nats, over the rows that have a target; the logits are overwritten with their
 * gradient, (softmax - one-hot) / rows with a target, and zeros in the others.
 *
 * @param logits [batch, columns]
 * @param targets int32 [batch], below 0 where there is none.
 * @param columns Without padding.
 */
export function crossEntropy(logits: usize, stride: usize, targets: usize, batch: i32, columns: i32): f64 {
  const lowest = f32x4.splat(-Infinity);
  let predicted = 0;
  for (let row = 0; row < batch; row++) predicted += i32(load<i32>(targets + (row << 2)) >= 0);
  const share: f32 = 1 / <f32> predicted;
  let sumOfLosses: f64 = 0;
  let row = logits;
  for (let example = 0; example < batch; example++) {
    const targetToken = load<i32>(targets + (example << 2));
    if (targetToken < 0) {
      memory.fill(row, 0, stride);
      row += stride;
      continue;
    }
    let highest = lowest;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const unpadded = v128.bitselect(v128.load(row + offset), lowest, unpaddedLanes(offset, columns));
      highest = f32x4.pmax(highest, unpadded);
    }
    const largest = maxOfLanes(highest);
    const largests = f32x4.splat(largest);
    const target = row + (targetToken << 2);
    const ofTarget = load<f32>(target);
    let sums = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const exponentials = expOfNegative(f32x4.sub(v128.load(row + offset), largests));
      const unnormalized = v128.and(exponentials, unpaddedLanes(offset, columns));
      v128.store(row + offset, unnormalized);
      sums = f32x4.add(sums, unnormalized);
    }
    const sum = sumOfLanes(sums);
    sumOfLosses += Math.log(<f64> sum) + (<f64> largest - <f64> ofTarget);
    const factor = f32x4.splat(share / sum);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(row + offset, f32x4.mul(v128.load(row + offset), factor));
    }
    store<f32>(target, load<f32>(target) - share);
    row += stride;
  }
  return sumOfLosses / predicted;
}

/** All bits set in the lanes of the vector at `offset` that are columns, none in those that are padding. */
function unpaddedLanes(offset: usize, columns: i32): v128 {
  const column = i32x4.add(i32x4.splat(<i32> offset >> 2), i32x4(0, 1, 2, 3));
  return i32x4.lt_s(column, i32x4.splat(columns));
}
