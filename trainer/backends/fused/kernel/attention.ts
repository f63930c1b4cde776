/*
 * Causal attention of several heads: out = softmax(q k^T / sqrt(head size)) v, for each word and head, where a position takes
 * those up to itself. The head size is a multiple of four.
 *
 * Rows come by word (../rows.ts): a word may share the rows of its first positions with words before it. So the keys and values
 * of a word are copied to a path, [positions, 2 * heads * head size], and stay there as long as the words share them.
 *
 * Scores are never stored: they are made four at a time, and made again for the gradient, from their maximum and the sum of
 * their exponentials. Source: Dao et al., "FlashAttention", NeurIPS 2022, algorithms 1 and 4.
 */
import { expOfNegative } from "./exponential";
import { LANES, maxOfLanes, multiplyAdd, sumOfLanes, VECTOR } from "./vector";

/**
 * @param out [batch, heads * head size]
 * @param maxima [batch, heads, 2]: the maximum of the scores, and 1 / the sum of their exponentials, for the gradient.
 * @param qkv [batch, 3 * heads * head size]: query, key and value of each position, each the heads' side by side.
 * @param path Room for a path.
 * @param positions int32 [batch]: the position of each row in its word.
 * @param words int32 [count + 1]: the first row of each word that is its own, and the number of rows.
 * @param bytes Of the part of a row that belongs to a head.
 */
export function attention(
  out: usize,
  stride: usize,
  maxima: usize,
  maximaStride: usize,
  qkv: usize,
  qkvStride: usize,
  path: usize,
  positions: usize,
  words: usize,
  count: i32,
  heads: i32,
  bytes: usize,
): void {
  const zero = f32x4.splat(0);
  const scale = f32x4.splat(1 / sqrt<f32>(<f32> (bytes >> 2)));
  const lowest = f32x4.splat(-Infinity);
  const pathStride = 2 * stride;
  for (let word = 0; word < count; word++) {
    const begin = load<i32>(words + (word << 2));
    const end = load<i32>(words + (word << 2), 4);
    let past = load<i32>(positions + (begin << 2));
    for (let row = begin; row < end; row++) {
      const queries = qkv + row * qkvStride;
      copy(path + past * pathStride, queries + stride, pathStride);
      past++;
      for (let head = 0; head < heads; head++) {
        const ofHead = head * bytes;
        const q = queries + ofHead;
        const y = out + row * stride + ofHead;
        let highest: f32 = -Infinity;
        let sum: f32 = 0;
        let k = path + ofHead;
        for (let position = 0; position < past; position += LANES, k += pathStride << 2) {
          const isPast = lanesBefore(past - position);
          const scores = v128.bitselect(f32x4.mul(fourDots(q, k, pathStride, bytes), scale), lowest, isPast);
          const higher = max(highest, maxOfLanes(scores));
          const weights = v128.and(expOfNegative(f32x4.sub(scores, f32x4.splat(higher))), isPast);
          // What was summed so far is for a lower maximum.
          const shrink = position > 0 ? expOfNegative(f32x4.splat(highest - higher)) : zero;
          sum = sum * f32x4.extract_lane(shrink, 0) + sumOfLanes(weights);
          highest = higher;
          const w0 = f32x4.splat(f32x4.extract_lane(weights, 0));
          const w1 = f32x4.splat(f32x4.extract_lane(weights, 1));
          const w2 = f32x4.splat(f32x4.extract_lane(weights, 2));
          const w3 = f32x4.splat(f32x4.extract_lane(weights, 3));
          const v = k + stride;
          for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
            const at = v + offset;
            let total = position > 0 ? f32x4.mul(v128.load(y + offset), shrink) : zero;
            total = multiplyAdd(w0, v128.load(at), total);
            total = multiplyAdd(w1, v128.load(at + pathStride), total);
            total = multiplyAdd(w2, v128.load(at + 2 * pathStride), total);
            total = multiplyAdd(w3, v128.load(at + 3 * pathStride), total);
            v128.store(y + offset, total);
          }
        }
        const share: f32 = 1 / sum;
        const shares = f32x4.splat(share);
        for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
          v128.store(y + offset, f32x4.mul(v128.load(y + offset), shares));
        }
        const kept = maxima + row * maximaStride + (head << 3);
        store<f32>(kept, highest);
        store<f32>(kept, share, 4);
      }
    }
  }
}

/**
 * Writes the gradients of queries, keys and values: with p the softmax, dv = p^T dOut, ds = p (dOut v^T - dOut out), dq = ds k
 * and dk = ds^T q, times the scale.
 *
 * @param dPath Room for the gradient of a path.
 * @param parents int32 [batch]: the row of the position before.
 */
export function attentionGradient(
  dQkv: usize,
  qkv: usize,
  qkvStride: usize,
  dOut: usize,
  out: usize,
  stride: usize,
  maxima: usize,
  maximaStride: usize,
  path: usize,
  dPath: usize,
  positions: usize,
  parents: usize,
  words: usize,
  count: i32,
  heads: i32,
  bytes: usize,
): void {
  const zero = f32x4.splat(0);
  const scale = f32x4.splat(1 / sqrt<f32>(<f32> (bytes >> 2)));
  const pathStride = 2 * stride;
  const toGradient = dPath - path;
  for (let word = 0; word < count; word++) {
    const begin = load<i32>(words + (word << 2));
    const end = load<i32>(words + (word << 2), 4);
    let past = load<i32>(positions + (begin << 2));
    for (let row = begin; row < end; row++) {
      const queries = qkv + row * qkvStride;
      copy(path + past * pathStride, queries + stride, pathStride);
      memory.fill(dPath + past * pathStride, 0, pathStride);
      past++;
      for (let head = 0; head < heads; head++) {
        const ofHead = head * bytes;
        const q = queries + ofHead;
        const dq = dQkv + row * qkvStride + ofHead;
        const y = out + row * stride + ofHead;
        const dy = dOut + row * stride + ofHead;
        const kept = maxima + row * maximaStride + (head << 3);
        const highest = v128.load32_splat(kept);
        const share = v128.load32_splat(kept, 4);
        let products = zero;
        for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
          products = multiplyAdd(v128.load(dy + offset), v128.load(y + offset), products);
        }
        const mean = f32x4.splat(sumOfLanes(products));
        let k = path + ofHead;
        for (let position = 0; position < past; position += LANES, k += pathStride << 2) {
          const isPast = lanesBefore(past - position);
          const scores = v128.and(f32x4.mul(fourDots(q, k, pathStride, bytes), scale), isPast);
          const exponents = f32x4.sub(scores, v128.and(highest, isPast));
          const weights = v128.and(f32x4.mul(expOfNegative(exponents), share), isPast);
          const dWeights = fourDots(dy, k + stride, pathStride, bytes);
          const dScores = v128.and(f32x4.mul(f32x4.mul(weights, f32x4.sub(dWeights, mean)), scale), isPast);
          addFour(q, dq, position > 0, k, pathStride, k + toGradient, dScores, bytes);
          addValues(dy, k + stride + toGradient, pathStride, weights, bytes);
        }
      }
    }
    // The next word goes on from an earlier position; what is after it is complete.
    const next = word + 1 < count ? load<i32>(positions + (end << 2)) : 0;
    let row = end - 1;
    for (let position = past - 1; position >= next; position--) {
      copy(dQkv + row * qkvStride + stride, dPath + position * pathStride, pathStride);
      row = load<i32>(parents + (row << 2));
    }
  }
}

/** What one query and four keys contribute to each other: dq += ds k, where `adds`, and dk += ds q. */
function addFour(
  q: usize,
  dq: usize,
  adds: bool,
  k: usize,
  stride: usize,
  dk: usize,
  dScores: v128,
  bytes: usize,
): void {
  const s0 = f32x4.splat(f32x4.extract_lane(dScores, 0));
  const s1 = f32x4.splat(f32x4.extract_lane(dScores, 1));
  const s2 = f32x4.splat(f32x4.extract_lane(dScores, 2));
  const s3 = f32x4.splat(f32x4.extract_lane(dScores, 3));
  const k1 = stride, k2 = 2 * stride, k3 = 3 * stride;
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    const from = k + offset;
    const to = dk + offset;
    const query = v128.load(q + offset);
    let total = adds ? v128.load(dq + offset) : f32x4.splat(0);
    total = multiplyAdd(s0, v128.load(from), total);
    total = multiplyAdd(s1, v128.load(from + k1), total);
    total = multiplyAdd(s2, v128.load(from + k2), total);
    total = multiplyAdd(s3, v128.load(from + k3), total);
    v128.store(dq + offset, total);
    v128.store(to, multiplyAdd(s0, query, v128.load(to)));
    v128.store(to + k1, multiplyAdd(s1, query, v128.load(to + k1)));
    v128.store(to + k2, multiplyAdd(s2, query, v128.load(to + k2)));
    v128.store(to + k3, multiplyAdd(s3, query, v128.load(to + k3)));
  }
}

/** dv += p dy, of four values. */
function addValues(dy: usize, dv: usize, stride: usize, weights: v128, bytes: usize): void {
  const w0 = f32x4.splat(f32x4.extract_lane(weights, 0));
  const w1 = f32x4.splat(f32x4.extract_lane(weights, 1));
  const w2 = f32x4.splat(f32x4.extract_lane(weights, 2));
  const w3 = f32x4.splat(f32x4.extract_lane(weights, 3));
  const v1 = stride, v2 = 2 * stride, v3 = 3 * stride;
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    const to = dv + offset;
    const d = v128.load(dy + offset);
    v128.store(to, multiplyAdd(w0, d, v128.load(to)));
    v128.store(to + v1, multiplyAdd(w1, d, v128.load(to + v1)));
    v128.store(to + v2, multiplyAdd(w2, d, v128.load(to + v2)));
    v128.store(to + v3, multiplyAdd(w3, d, v128.load(to + v3)));
  }
}

/** Copies so many bytes, a multiple of 16. */
function copy(to: usize, from: usize, bytes: usize): void {
  for (let offset: usize = 0; offset < bytes; offset += VECTOR) {
    v128.store(to + offset, v128.load(from + offset));
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
