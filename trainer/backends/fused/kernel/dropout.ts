/*
 * Dropout: elements are set to zero, and the others scaled. Which ones is computed, and not stored: see ../../../dropout.ts, which
 * computes the same.
 */
import { VECTOR } from "./vector";

/** 2^32 divided by the golden ratio, odd. */
const GOLDEN_STEP: i32 = 0x9e3779b9;

/** MurmurHash3's finaliser. */
function mix(hash: i32): i32 {
  hash = (hash ^ (hash >>> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >>> 13)) * 0xc2b2ae35;
  return hash ^ (hash >>> 16);
}

function mixLanes(hash: v128): v128 {
  hash = i32x4.mul(v128.xor(hash, i32x4.shr_u(hash, 16)), i32x4.splat(0x85ebca6b));
  hash = i32x4.mul(v128.xor(hash, i32x4.shr_u(hash, 13)), i32x4.splat(0xc2b2ae35));
  return v128.xor(hash, i32x4.shr_u(hash, 16));
}

/**
 * out = mask x. It is the gradient too, from the gradient of the output to that of the input.
 *
 * @param out [batch, stride / 4], which may be x itself.
 * @param adds out = out + mask x instead.
 * @param numbers int32 [batch]: the number of each row in the mini-batch, whatever its place in memory.
 * @param key Of the mask.
 * @param threshold Elements whose hash is below it, unsigned, are zero.
 * @param scale What the others are multiplied by.
 */
export function dropout(
  out: usize,
  x: usize,
  adds: bool,
  stride: usize,
  numbers: usize,
  batch: i32,
  key: i32,
  threshold: i32,
  scale: f32,
): void {
  const limit = i32x4.splat(threshold);
  const factor = f32x4.splat(scale);
  const step = i32x4.splat(4 * GOLDEN_STEP);
  const first = i32x4(GOLDEN_STEP, 2 * GOLDEN_STEP, 3 * GOLDEN_STEP, 4 * GOLDEN_STEP);
  for (let row = 0; row < batch; row++, numbers += 4) {
    const rowKey = mix(key + (load<i32>(numbers) + 1) * GOLDEN_STEP);
    let counter = i32x4.add(i32x4.splat(rowKey), first);
    for (const end = x + stride; x < end; x += VECTOR, out += VECTOR) {
      const isZero = i32x4.lt_u(mixLanes(counter), limit);
      const kept = v128.andnot(f32x4.mul(v128.load(x), factor), isZero);
      v128.store(out, adds ? f32x4.add(v128.load(out), kept) : kept);
      counter = i32x4.add(counter, step);
    }
  }
}
