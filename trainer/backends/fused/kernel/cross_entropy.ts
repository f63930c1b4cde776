/* Softmax and cross-entropy, with their gradient in the same pass. */
import { expOfNegative } from "./exponential";
import { maxOfLanes, sumOfLanes, VECTOR } from "./vector";

/**
 * The cross-entropy of logits, in nats, a share of its mean over all targets; the logits are overwritten with their gradient, the sum over a
 * row's targets of (softmax - one-hot) / targets.
 *
 * @param logits [batch, columns]
 * @param targets int32 [targets], in the order of their rows.
 * @param firstTargets int32 [batch + 1], the first target of each row, and how many there are; 0 if each row has one.
 * @param targetCount How many targets the mean is of: those of these rows, or of other parts of a mini-batch as well.
 * @param columns Without padding.
 */
export function crossEntropy(
  logits: usize,
  stride: usize,
  targets: usize,
  firstTargets: usize,
  targetCount: i32,
  batch: i32,
  columns: i32,
): f64 {
  const lowest = f32x4.splat(-Infinity);
  const share: f32 = 1 / <f32> targetCount;
  let sumOfLosses: f64 = 0;
  let row = logits;
  let target = targets;
  for (let example = 0; example < batch; example++) {
    let count = 1;
    if (firstTargets) {
      const first = firstTargets + (example << 2);
      count = load<i32>(first, 4) - load<i32>(first);
    }
    const end = target + (count << 2);
    if (count === 0) {
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
    let below: f64 = 0;
    for (let at = target; at < end; at += 4) {
      below += <f64> largest - <f64> load<f32>(row + (load<i32>(at) << 2));
    }
    let sums = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const exponentials = expOfNegative(f32x4.sub(v128.load(row + offset), largests));
      const unnormalized = v128.and(exponentials, unpaddedLanes(offset, columns));
      v128.store(row + offset, unnormalized);
      sums = f32x4.add(sums, unnormalized);
    }
    const sum = sumOfLanes(sums);
    sumOfLosses += <f64> count * Math.log(<f64> sum) + below;
    const factor = f32x4.splat(<f32> count * share / sum);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(row + offset, f32x4.mul(v128.load(row + offset), factor));
    }
    for (; target < end; target += 4) {
      const logit = row + (load<i32>(target) << 2);
      store<f32>(logit, load<f32>(logit) - share);
    }
    row += stride;
  }
  return sumOfLosses / targetCount;
}

/**
 * Overwrites logits with the logarithm of their softmax, for evaluation.
 *
 * @param logits [batch, columns]
 * @param columns Without padding.
 */
export function logSoftmaxInPlace(logits: usize, stride: usize, batch: i32, columns: i32): void {
  const lowest = f32x4.splat(-Infinity);
  let row = logits;
  for (let example = 0; example < batch; example++) {
    let highest = lowest;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const unpadded = v128.bitselect(v128.load(row + offset), lowest, unpaddedLanes(offset, columns));
      highest = f32x4.pmax(highest, unpadded);
    }
    const largests = f32x4.splat(maxOfLanes(highest));
    let sums = f32x4.splat(0);
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const difference = f32x4.sub(v128.load(row + offset), largests);
      v128.store(row + offset, difference);
      sums = f32x4.add(sums, v128.and(expOfNegative(difference), unpaddedLanes(offset, columns)));
    }
    const logOfSum = f32x4.splat(<f32> Math.log(<f64> sumOfLanes(sums)));
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      v128.store(row + offset, f32x4.sub(v128.load(row + offset), logOfSum));
    }
    row += stride;
  }
}

/** All bits set in the lanes of the vector at `offset` that are columns, none in those that are padding. */
function unpaddedLanes(offset: usize, columns: i32): v128 {
  const column = i32x4.add(i32x4.splat(<i32> offset >> 2), i32x4(0, 1, 2, 3));
  return i32x4.lt_s(column, i32x4.splat(columns));
}
