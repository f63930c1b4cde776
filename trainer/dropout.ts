import { GOLDEN_STEP, mix } from "../shared/random/name_stream.ts";

/*
 * Which elements dropout sets to zero. It is a hash of the seed, the step, the layer of dropout, the row and the column, and no
 * stream: the backends order the rows as they like, and compute the same elements again for the gradient, or when a run is
 * resumed.
 *
 * Each level is split off the one above as SplitMix does: child i of a key is MurmurHash3's finaliser of the key plus
 * i + 1 times an odd constant. The backend `fused` computes the levels of rows and columns in `backends/fused/kernel/dropout.ts`.
 *
 * Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014; Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011, for random numbers as a function of a counter.
 */

/** What dropout does in a run. */
export interface Dropout {
  /** Share of elements that are set to zero, from 0, which is no dropout, to below 1. */
  readonly share: number;
  /** A whole number from 0 to 2^53 - 1. */
  readonly seed: number;
}

function child(key: number, index: number): number {
  return mix(key + Math.imul(index + 1, GOLDEN_STEP));
}

/**
 * The key of a mask, int32.
 *
 * @param step From 0.
 * @param layer Place of the layer among those of dropout in the network's forward pass, from 0.
 */
export function dropoutKey({ seed }: Dropout, step: number, layer: number): number {
  return child(child(mix(mix(seed) ^ Math.floor(seed / 2 ** 32)), step), layer);
}

/** An element is set to zero if its hash, read as a whole number from 0 to 2^32 - 1, is below this. */
export function dropoutThreshold({ share }: Dropout): number {
  return Math.round(share * 2 ** 32);
}

/** What the other elements are multiplied by, so that the mean stays. */
export function dropoutScale({ share }: Dropout): number {
  return 1 / (1 - share);
}

/**
 * What each element is multiplied by, [rows, columns]. A row is a window of the mini-batch or a position of its words, in the
 * order of [batch, time].
 */
export function dropoutMask(dropout: Dropout, key: number, rows: number, columns: number): Float32Array {
  const threshold = dropoutThreshold(dropout);
  const scale = dropoutScale(dropout);
  const mask = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const rowKey = child(key, row);
    for (let column = 0; column < columns; column++) {
      if (child(rowKey, column) >>> 0 >= threshold) mask[row * columns + column] = scale;
    }
  }
  return mask;
}
