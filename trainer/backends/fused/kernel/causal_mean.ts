/*
 * The mean over the positions of a word up to each one. A row's parent is the row of the position before, and comes before it
 * (../rows.ts).
 */
import { multiplyAdd, VECTOR } from "./vector";

/**
 * out = x + the mean of x over the row and those before it in its word.
 *
 * @param sums [batch, stride / 4], written with the sums over them.
 * @param positions int32 [batch]
 * @param parents int32 [batch], the row one position before.
 */
export function addCausalMean(
  out: usize,
  x: usize,
  sums: usize,
  stride: usize,
  positions: usize,
  parents: usize,
  batch: i32,
): void {
  for (let row = 0; row < batch; row++, positions += 4, parents += 4) {
    const position = load<i32>(positions);
    const share = f32x4.splat(1 / <f32> (position + 1));
    const at: usize = row * stride;
    const before = sums + load<i32>(parents) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const value = v128.load(x + at + offset);
      const sum = position > 0 ? f32x4.add(v128.load(before + offset), value) : value;
      v128.store(sums + at + offset, sum);
      v128.store(out + at + offset, multiplyAdd(sum, share, value));
    }
  }
}

/**
 * The gradient, from the last row to the first: that of a row's sum is added to that of its parent's.
 *
 * @param dx [batch, stride / 4], overwritten.
 * @param dSums [batch, stride / 4], room.
 */
export function addCausalMeanGradient(
  dx: usize,
  dSums: usize,
  dOut: usize,
  stride: usize,
  positions: usize,
  parents: usize,
  batch: i32,
): void {
  memory.fill(dSums, 0, batch * stride);
  for (let row = batch - 1; row >= 0; row--) {
    const position = load<i32>(positions + (row << 2));
    const share = f32x4.splat(1 / <f32> (position + 1));
    const at: usize = row * stride;
    const before = dSums + load<i32>(parents + (row << 2)) * stride;
    for (let offset: usize = 0; offset < stride; offset += VECTOR) {
      const d = v128.load(dOut + at + offset);
      const dSum = multiplyAdd(d, share, v128.load(dSums + at + offset));
      if (position > 0) v128.store(before + offset, f32x4.add(v128.load(before + offset), dSum));
      v128.store(dx + at + offset, f32x4.add(d, dSum));
    }
  }
}
