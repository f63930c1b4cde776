/*
 * Causal attention of several heads: out = softmax(q k^T / sqrt(head size)) v, for each word and head, where a position takes
 * those up to itself. The head size is a multiple of four.
 *
 * Scores are never stored: they are made four at a time, and made again for the gradient, from the logarithm of the sum of
 * their exponentials. Source: Dao et al., "FlashAttention", NeurIPS 2022, algorithms 1 and 4.
 */
import { expOfNegative } from "./exponential";
import { LANES, maxOfLanes, multiplyAdd, sumOfLanes, VECTOR } from "./vector";

/**
 * @param out [batch, heads * head size]
 * @param logSums [batch, heads]: ln of the sum of the exponentials of the scores, for the gradient.
 * @param qkv [batch, 3 * heads * head size]: query, key and value of each position, each the heads' side by side.
 * @param words int32 [count + 1]: the first row of each word, and the number of rows.
 * @param bytes Of the part of a row that belongs to a head.
 */
export function attention(
  out: usize,
  stride: usize,
  logSums: usize,
  logSumsStride: usize,
  qkv: usize,
  qkvStride: usize,
  words: usize,
  count: i32,
  heads: i32,
  bytes: usize,
): void {
  const scale = f32x4.splat(1 / sqrt<f32>(<f32> (bytes >> 2)));
  const lowest = f32x4.splat(-Infinity);
  for (let word = 0; word < count; word++) {
    const begin = load<i32>(words + (word << 2));
    const end = load<i32>(words + (word << 2), 4);
    for (let head = 0; head < heads; head++) {
      const ofHead = head * bytes;
      const keys = qkv + begin * qkvStride + stride + ofHead;
      for (let row = begin; row < end; row++) {
        const q = qkv + row * qkvStride + ofHead;
        const y = out + row * stride + ofHead;
        for (let offset: usize = 0; offset < bytes; offset += VECTOR) v128.store(y + offset, f32x4.splat(0));
        const past = row - begin + 1;
        let highest: f32 = -Infinity;
        let sum: f32 = 0;
        let k = keys;
        for (let position = 0; position < past; position += LANES, k += qkvStride << 2) {
          const isPast = lanesBefore(past - position);
          const scores = v128.bitselect(f32x4.mul(fourDots(q, k, qkvStride, bytes), scale), lowest, isPast);
          const higher = max(highest, maxOfLanes(scores));
          // What was summed so far is for a lower maximum.
          const shrink = highest == -Infinity ? f32x4.splat(0) : expOfNegative(f32x4.splat(highest - higher));
          const weights = v128.and(expOfNegative(f32x4.sub(scores, f32x4.splat(higher))), isPast);
          sum = sum * f32x4.extract_lane(shrink, 0) + sumOfLanes(weights);
          highest = higher;
          const v = k + stride;
          const w0 = f32x4.splat(f32x4.extract_lane(weights, 0));
          const w1 = f32x4.splat(f32x4.extract_lane(weights, 1));
          const w2 = f32x4.splat(f32x4.extract_lane(weights, 2));
          const w3 = f32x4.splat(f32x4.extract_lane(weights, 3));
          // Rows past the last one may be anything, also not a number: they are left out.
          const left = past - position;
          const v1 = left > 1 ? v + qkvStride : v;
          const v2 = left > 2 ? v + 2 * qkvStride : v;
          const v3 = left > 3 ? v + 3 * qkvStride : v;
          for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
            let total = f32x4.mul(v128.load(y + offset), shrink);
            total = multiplyAdd(w0, v128.load(v + offset), total);
            total = multiplyAdd(w1, v128.load(v1 + offset), total);
            total = multiplyAdd(w2, v128.load(v2 + offset), total);
            total = multiplyAdd(w3, v128.load(v3 + offset), total);
            v128.store(y + offset, total);
          }
        }
        const share = f32x4.splat(1 / sum);
        for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
          v128.store(y + offset, f32x4.mul(v128.load(y + offset), share));
        }
        store<f32>(logSums + row * logSumsStride + (head << 2), highest + <f32> Math.log(<f64> sum));
      }
    }
  }
}

/**
 * Writes the gradients of queries, keys and values: with p the softmax, dv = p^T dOut, ds = p (dOut v^T - dOut out), dq = ds k
 * and dk = ds^T q, times the scale.
 *
 * @param batch Rows of dQkv.
 */
export function attentionGradient(
  dQkv: usize,
  qkv: usize,
  qkvStride: usize,
  dOut: usize,
  out: usize,
  stride: usize,
  logSums: usize,
  logSumsStride: usize,
  words: usize,
  count: i32,
  heads: i32,
  bytes: usize,
  batch: i32,
): void {
  memory.fill(dQkv, 0, batch * qkvStride);
  const scale = f32x4.splat(1 / sqrt<f32>(<f32> (bytes >> 2)));
  const toGradient = dQkv - qkv;
  for (let word = 0; word < count; word++) {
    const begin = load<i32>(words + (word << 2));
    const end = load<i32>(words + (word << 2), 4);
    for (let head = 0; head < heads; head++) {
      const ofHead = head * bytes;
      const keys = qkv + begin * qkvStride + stride + ofHead;
      for (let row = begin; row < end; row++) {
        const q = qkv + row * qkvStride + ofHead;
        const y = out + row * stride + ofHead;
        const dy = dOut + row * stride + ofHead;
        const logSum = f32x4.splat(load<f32>(logSums + row * logSumsStride + (head << 2)));
        let products = f32x4.splat(0);
        for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
          products = multiplyAdd(v128.load(dy + offset), v128.load(y + offset), products);
        }
        const mean = f32x4.splat(sumOfLanes(products));
        const past = row - begin + 1;
        let k = keys;
        for (let position = 0; position < past; position += LANES, k += qkvStride << 2) {
          const isPast = lanesBefore(past - position);
          const scores = f32x4.mul(fourDots(q, k, qkvStride, bytes), scale);
          // Rounding may put a score above the logarithm of the sum.
          const exponents = f32x4.min(f32x4.sub(scores, logSum), f32x4.splat(0));
          const weights = v128.and(expOfNegative(exponents), isPast);
          const dWeights = fourDots(dy, k + stride, qkvStride, bytes);
          const dScores = v128.and(
            f32x4.mul(f32x4.mul(weights, f32x4.sub(dWeights, mean)), scale),
            isPast,
          );
          const left = past - position;
          addPair(
            q,
            k,
            dy,
            toGradient,
            stride,
            f32x4.extract_lane(weights, 0),
            f32x4.extract_lane(dScores, 0),
            bytes,
          );
          if (left > 1) {
            const k1 = k + qkvStride;
            addPair(
              q,
              k1,
              dy,
              toGradient,
              stride,
              f32x4.extract_lane(weights, 1),
              f32x4.extract_lane(dScores, 1),
              bytes,
            );
          }
          if (left > 2) {
            const k2 = k + 2 * qkvStride;
            addPair(
              q,
              k2,
              dy,
              toGradient,
              stride,
              f32x4.extract_lane(weights, 2),
              f32x4.extract_lane(dScores, 2),
              bytes,
            );
          }
          if (left > 3) {
            const k3 = k + 3 * qkvStride;
            addPair(
              q,
              k3,
              dy,
              toGradient,
              stride,
              f32x4.extract_lane(weights, 3),
              f32x4.extract_lane(dScores, 3),
              bytes,
            );
          }
        }
      }
    }
  }
}

/** Adds what one query and one key contribute: dq += ds k, dk += ds q, dv += p dy. The value is `stride` after its key. */
function addPair(
  q: usize,
  k: usize,
  dy: usize,
  toGradient: usize,
  stride: usize,
  weight: f32,
  dScore: f32,
  bytes: usize,
): void {
  const p = f32x4.splat(weight);
  const ds = f32x4.splat(dScore);
  const dq = q + toGradient;
  const dk = k + toGradient;
  const dv = dk + stride;
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(dq + offset, multiplyAdd(ds, v128.load(k + offset), v128.load(dq + offset)));
    v128.store(dk + offset, multiplyAdd(ds, v128.load(q + offset), v128.load(dk + offset)));
    v128.store(dv + offset, multiplyAdd(p, v128.load(dy + offset), v128.load(dv + offset)));
  }
}

/** The scalar products of a with four rows from b on. */
function fourDots(a: usize, b: usize, stride: usize, bytes: usize): v128 {
  let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    const x = v128.load(a + offset);
    const at = b + offset;
    s0 = multiplyAdd(x, v128.load(at), s0);
    s1 = multiplyAdd(x, v128.load(at + stride), s1);
    s2 = multiplyAdd(x, v128.load(at + 2 * stride), s2);
    s3 = multiplyAdd(x, v128.load(at + 3 * stride), s3);
  }
  const low01 = v128.shuffle<f32>(s0, s1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(s0, s1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(s2, s3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(s2, s3, 2, 6, 3, 7);
  const sum01 = f32x4.add(low01, high01); // s0, s1, s0, s1
  const sum23 = f32x4.add(low23, high23);
  return f32x4.add(v128.shuffle<f64>(sum01, sum23, 0, 2), v128.shuffle<f64>(sum01, sum23, 1, 3));
}

/** All bits set in the first `count` of the four lanes. */
function lanesBefore(count: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count));
}
