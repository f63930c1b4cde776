/*
 * The loss of a tanh MLP on a mini-batch and its gradient, in one go; trainer/architectures/mlp.ts says what the
 * network is.
 *
 * Shapes: B is the batch, n the context, m the embedding, h the hidden layer, V the vocabulary. Matrices are
 * row-major float32, padded with zeros to whole blocks. The padding of a parameter stays zero, for its gradient
 * is.
 */
import { expOfNegative, tanh } from "./exponential";
import { BLOCK_COLUMNS, BLOCK_ROWS, multiply, multiplyTransposed, sumOfRows, transpose } from "./matrix";
import { LANES, maxOfLanes, multiplyAdd, sumOfLanes, VECTOR } from "./vector";

/** Addresses are multiples of a cache line, in bytes. */
const CACHE_LINE: usize = 64;
/** Bytes in a page of WebAssembly's memory. */
const PAGE: usize = 65536;

let n: i32 = 0;
let m: i32 = 0;
let V: i32 = 0;
let inputs: i32 = 0; // n * m
let inputColumns: i32 = 0;
let hiddenColumns: i32 = 0;
let outputColumns: i32 = 0;
let inputStride: usize = 0;
let hiddenStride: usize = 0;
let outputStride: usize = 0;
/** How much of the running statistics is the newest batch's. */
let runningShare: f32 = 0;

// Parameters, in this order, without gaps but for padding. What the network does not have is 0.
export let C: usize = 0; // [V, m], rows not padded
export let W1: usize = 0; // [n * m, h]
export let W2: usize = 0; // [h, V]
export let W3: usize = 0; // [n * m, V]
/** Where the vectors begin, which do not decay. */
export let vectors: usize = 0;
export let b1: usize = 0; // [h]
export let b2: usize = 0; // [V]
export let gain: usize = 0; // [h]
export let shift: usize = 0; // [h]
/** Where the parameters that are trained end. */
export let trainedEnd: usize = 0;
export let mean: usize = 0; // [h]
export let std: usize = 0; // [h]

/** How much further the gradient of a parameter lies than the parameter, in bytes. */
export let toGradient: usize = 0;
/** How much further its first slot lies, and how much further than that its second, in bytes. */
export let toSlot: usize = 0;
export let slotSize: usize = 0;

// Of the layers
let W1Transposed: usize = 0; // [h, n * m]
let W2Transposed: usize = 0; // [V, h]
let W3Transposed: usize = 0; // [V, n * m]
let zeros: usize = 0; // as long as the longest row
let outputMask: usize = 0; // [V] of ones in all bits; the padding is 0

// Of a mini-batch
let capacity: i32 = 0;
let batchBegin: usize = 0;
export let contexts: usize = 0; // int32 [B, n]
export let targets: usize = 0; // int32 [B]
let x: usize = 0; // [B, n * m]
let z: usize = 0; // [B, h], normalized in place
let hidden: usize = 0; // [B, h]
let y: usize = 0; // [B, V], logits and then their gradient
let dz: usize = 0; // [B, h]
let dx: usize = 0; // [B, n * m]
let batchStd: usize = 0; // [h]

let top: usize = __heap_base;

/**
 * Lays a network out in memory.
 *
 * @param slots How many numbers the optimizer remembers of each that is trained.
 * @param share How much of the running statistics is the newest batch's.
 */
export function configure(
  context: i32,
  embedding: i32,
  hiddenSize: i32,
  vocabularySize: i32,
  bias: bool,
  normalized: bool,
  direct: bool,
  slots: i32,
  share: f32,
): void {
  n = context;
  m = embedding;
  V = vocabularySize;
  inputs = n * m;
  runningShare = share;
  inputColumns = roundUp(inputs, BLOCK_COLUMNS);
  hiddenColumns = roundUp(hiddenSize, BLOCK_COLUMNS);
  outputColumns = roundUp(V, BLOCK_COLUMNS);
  inputStride = inputColumns << 2;
  hiddenStride = hiddenColumns << 2;
  outputStride = outputColumns << 2;

  C = reserve(V * m);
  W1 = reserve(inputColumns * hiddenColumns);
  W2 = reserve(hiddenColumns * outputColumns);
  if (direct) W3 = reserve(inputColumns * outputColumns);
  vectors = reserve(0);
  if (bias) b1 = reserve(hiddenColumns);
  b2 = reserve(outputColumns);
  if (normalized) {
    gain = reserve(hiddenColumns);
    shift = reserve(hiddenColumns);
  }
  trainedEnd = reserve(0);
  slotSize = trainedEnd - C;
  toGradient = reserve(<i32> (slotSize >> 2)) - C;
  toSlot = reserve(slots * <i32> (slotSize >> 2)) - C;
  if (normalized) {
    mean = reserve(hiddenColumns);
    std = reserve(hiddenColumns);
    batchStd = reserve(hiddenColumns);
  }

  W1Transposed = reserve(hiddenColumns * inputColumns);
  W2Transposed = reserve(outputColumns * hiddenColumns);
  if (direct) W3Transposed = reserve(outputColumns * inputColumns);
  zeros = reserve(max(inputColumns, max(hiddenColumns, outputColumns)));
  outputMask = reserve(outputColumns);
  for (let i = 0; i < V; i++) store<i32>(outputMask + (i << 2), -1);
  batchBegin = top;
}

/** Makes room for mini-batches of up to so many examples; {@link contexts} and {@link targets} may move. */
export function reserveBatch(examples: i32): void {
  if (examples <= capacity) return;
  const oldTop = top;
  top = batchBegin;
  capacity = examples;
  const rows = roundUp(examples, BLOCK_ROWS);
  contexts = reserve(rows * n);
  targets = reserve(rows);
  x = reserve(rows * inputColumns);
  z = reserve(rows * hiddenColumns);
  hidden = reserve(rows * hiddenColumns);
  y = reserve(rows * outputColumns);
  dz = reserve(rows * hiddenColumns);
  dx = reserve(rows * inputColumns);
  memory.fill(batchBegin, 0, oldTop - batchBegin); // the padding of what was there before
}

/**
 * The mean loss over a mini-batch, in nats; leaves its gradient where {@link toGradient} says. The running
 * statistics move on.
 *
 * @param B How many of {@link contexts} and {@link targets} to take.
 */
export function lossAndGradient(B: i32): f64 {
  const rows = roundUp(B, BLOCK_ROWS);
  const columns = hiddenColumns;

  // Forward
  embed(B);
  multiply(z, hiddenStride, x, inputStride, W1, hiddenStride, b1 ? b1 : zeros, 0, rows, columns, inputs);
  if (gain) normalize(B);
  activate(B);
  multiply(y, outputStride, hidden, hiddenStride, W2, outputStride, b2, 0, rows, outputColumns, columns);
  if (W3) {
    multiply(y, outputStride, x, inputStride, W3, outputStride, y, outputStride, rows, outputColumns, inputs);
  }
  const loss = crossEntropy(B);

  // Backward; y holds dy from here on.
  multiplyTransposed(
    W2 + toGradient,
    outputStride,
    hidden,
    hiddenStride,
    y,
    outputStride,
    columns,
    outputColumns,
    B,
  );
  sumOfRows(b2 + toGradient, y, outputStride, B, outputColumns);
  transpose(W2Transposed, hiddenStride, W2, outputStride, columns, outputColumns);
  multiply(dz, hiddenStride, y, outputStride, W2Transposed, hiddenStride, zeros, 0, rows, columns, V);
  deactivate(B);
  if (gain) normalizeBackward(B);
  multiplyTransposed(
    W1 + toGradient,
    hiddenStride,
    x,
    inputStride,
    dz,
    hiddenStride,
    inputColumns,
    columns,
    B,
  );
  if (b1) sumOfRows(b1 + toGradient, dz, hiddenStride, B, columns);
  transpose(W1Transposed, inputStride, W1, hiddenStride, inputColumns, columns);
  multiply(
    dx,
    inputStride,
    dz,
    hiddenStride,
    W1Transposed,
    inputStride,
    zeros,
    0,
    rows,
    inputColumns,
    columns,
  );
  if (W3) {
    const dW3 = W3 + toGradient;
    multiplyTransposed(dW3, outputStride, x, inputStride, y, outputStride, inputColumns, outputColumns, B);
    transpose(W3Transposed, inputStride, W3, outputStride, inputColumns, outputColumns);
    multiply(
      dx,
      inputStride,
      y,
      outputStride,
      W3Transposed,
      inputStride,
      dx,
      inputStride,
      rows,
      inputColumns,
      V,
    );
  }
  embedBackward(B);
  return loss;
}

/** x = the embeddings of each context, side by side. */
function embed(B: i32): void {
  const bytes: usize = m << 2;
  let token = contexts;
  for (let row = 0; row < B; row++) {
    let to = x + row * inputStride;
    for (let position = 0; position < n; position++) {
      let from = C + load<i32>(token) * bytes;
      for (const end = from + bytes; from < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
      token += 4;
    }
  }
}

/** dC = the sum of the gradients of each token's embeddings. */
function embedBackward(B: i32): void {
  const bytes: usize = m << 2;
  const dC = C + toGradient;
  memory.fill(dC, 0, V * bytes);
  let token = contexts;
  for (let row = 0; row < B; row++) {
    let from = dx + row * inputStride;
    for (let position = 0; position < n; position++) {
      let to = dC + load<i32>(token) * bytes;
      for (const end = to + bytes; to < end; from += 4, to += 4) {
        store<f32>(to, load<f32>(to) + load<f32>(from));
      }
      token += 4;
    }
  }
}

/**
 * z = (z - mean) / std with the mini-batch's own statistics, with B - 1 in the deviation. The padding, whose
 * deviation is 0, stays 0.
 */
function normalize(B: i32): void {
  const share = f32x4.splat(runningShare);
  const rest = f32x4.splat(1 - runningShare);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let offset: usize = 0; offset < hiddenStride; offset += VECTOR) {
    const begin = z + offset;
    const end = begin + B * hiddenStride;
    let sum = zero;
    for (let at = begin; at < end; at += hiddenStride) sum = f32x4.add(sum, v128.load(at));
    const average = f32x4.div(sum, f32x4.splat(<f32> B));
    let squares = zero;
    for (let at = begin; at < end; at += hiddenStride) {
      const centred = f32x4.sub(v128.load(at), average);
      v128.store(at, centred);
      squares = multiplyAdd(centred, centred, squares);
    }
    const deviation = f32x4.sqrt(f32x4.div(squares, f32x4.splat(<f32> (B - 1))));
    v128.store(batchStd + offset, deviation);
    const isPadding = f32x4.eq(v128.load(gain + offset), zero);
    const divisor = v128.bitselect(one, deviation, v128.and(isPadding, f32x4.eq(deviation, zero)));
    for (let at = begin; at < end; at += hiddenStride) v128.store(at, f32x4.div(v128.load(at), divisor));
    if (runningShare > 0) {
      const oldMean = f32x4.mul(v128.load(mean + offset), rest);
      v128.store(mean + offset, f32x4.add(oldMean, f32x4.mul(average, share)));
      const oldStd = f32x4.mul(v128.load(std + offset), rest);
      v128.store(std + offset, f32x4.add(oldStd, f32x4.mul(deviation, share)));
    }
  }
}

/** hidden = tanh(z), or tanh(gain z + shift) of a normalized z. */
function activate(B: i32): void {
  const toHidden = hidden - z;
  let at = z;
  for (let row = 0; row < B; row++) {
    for (let offset: usize = 0; offset < hiddenStride; offset += VECTOR) {
      let input = v128.load(at);
      if (gain) input = multiplyAdd(input, v128.load(gain + offset), v128.load(shift + offset));
      v128.store(at + toHidden, tanh(input));
      at += VECTOR;
    }
  }
}

/** dz = dz (1 - hidden^2): from the gradient after tanh to the one before. */
function deactivate(B: i32): void {
  const toHidden = hidden - dz;
  const one = f32x4.splat(1);
  for (let at = dz, end = dz + B * hiddenStride; at < end; at += VECTOR) {
    const activation = v128.load(at + toHidden);
    const slope = f32x4.sub(one, f32x4.mul(activation, activation));
    v128.store(at, f32x4.mul(v128.load(at), slope));
  }
}

/**
 * dz = gain (dz - mean(dz) - z sum(dz z) / (B - 1)) / std, z normalized: through the statistics too. Leaves the
 * gradients of gain and shift.
 */
function normalizeBackward(B: i32): void {
  const toNormalized = z - dz;
  const zero = f32x4.splat(0);
  for (let offset: usize = 0; offset < hiddenStride; offset += VECTOR) {
    const begin = dz + offset;
    const end = begin + B * hiddenStride;
    let dshift = zero;
    let dgain = zero;
    for (let at = begin; at < end; at += hiddenStride) {
      const d = v128.load(at);
      dshift = f32x4.add(dshift, d);
      dgain = multiplyAdd(d, v128.load(at + toNormalized), dgain);
    }
    v128.store(gain + toGradient + offset, dgain);
    v128.store(shift + toGradient + offset, dshift);
    const throughMean = f32x4.div(dshift, f32x4.splat(<f32> B));
    const throughStd = f32x4.div(dgain, f32x4.splat(<f32> (B - 1)));
    const deviation = v128.load(batchStd + offset);
    const factor = f32x4.div(v128.load(gain + offset), deviation);
    const isPadding = f32x4.eq(deviation, zero);
    for (let at = begin; at < end; at += hiddenStride) {
      const through = multiplyAdd(v128.load(at + toNormalized), throughStd, throughMean);
      const d = f32x4.mul(f32x4.sub(v128.load(at), through), factor);
      v128.store(at, v128.andnot(d, isPadding));
    }
  }
}

/** The mean cross-entropy of the logits y, in nats; leaves their gradient, (softmax - one-hot) / B, in y. */
function crossEntropy(B: i32): f64 {
  const lowest = f32x4.splat(-Infinity);
  const share: f32 = 1 / <f32> B;
  let sumOfLosses: f64 = 0;
  let row = y;
  for (let example = 0; example < B; example++) {
    let highest = lowest;
    for (let offset: usize = 0; offset < outputStride; offset += VECTOR) {
      const logits = v128.bitselect(v128.load(row + offset), lowest, v128.load(outputMask + offset));
      highest = f32x4.pmax(highest, logits);
    }
    const largest = maxOfLanes(highest);
    const largests = f32x4.splat(largest);
    const target = row + (load<i32>(targets + (example << 2)) << 2);
    const ofTarget = load<f32>(target);
    let sums = f32x4.splat(0);
    for (let offset: usize = 0; offset < outputStride; offset += VECTOR) {
      const exponentials = expOfNegative(f32x4.sub(v128.load(row + offset), largests));
      const unnormalized = v128.and(exponentials, v128.load(outputMask + offset));
      v128.store(row + offset, unnormalized);
      sums = f32x4.add(sums, unnormalized);
    }
    const sum = sumOfLanes(sums);
    sumOfLosses += Math.log(<f64> sum) + (<f64> largest - <f64> ofTarget);
    const factor = f32x4.splat(share / sum);
    for (let offset: usize = 0; offset < outputStride; offset += VECTOR) {
      v128.store(row + offset, f32x4.mul(v128.load(row + offset), factor));
    }
    store<f32>(target, load<f32>(target) - share);
    row += outputStride;
  }
  return sumOfLosses / B;
}

/** Room for so many float32 zeros. */
function reserve(floats: i32): usize {
  const address = top;
  top = (address + (<usize> floats << 2) + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
  const missing = <isize> top - <isize> (<usize> memory.size() * PAGE);
  if (missing > 0) memory.grow(<i32> ((missing + PAGE - 1) / PAGE));
  return address;
}

function roundUp(count: i32, multiple: i32): i32 {
  return (count + multiple - 1) / multiple * multiple;
}

export { BLOCK_COLUMNS };
export { adam, momentum, sgd } from "./update";
