/* A table of embeddings, looked up by token; the rows of the table are not padded. */
import { VECTOR } from "./vector";

/**
 * Writes the embeddings of each row of tokens side by side.
 *
 * @param out [batch, time * size]
 * @param table [vocabulary size, size]
 * @param tokens int32 [batch, time]
 */
export function embedding(
  out: usize,
  outStride: usize,
  table: usize,
  tokens: usize,
  batch: i32,
  time: i32,
  size: i32,
): void {
  const bytes: usize = size << 2;
  let token = tokens;
  for (let row = 0; row < batch; row++) {
    let to = out + row * outStride;
    for (let position = 0; position < time; position++) {
      let from = table + load<i32>(token) * bytes;
      const end = from + bytes;
      for (; from + VECTOR <= end; from += VECTOR, to += VECTOR) v128.store(to, v128.load(from));
      for (; from < end; from += 4, to += 4) store<f32>(to, load<f32>(from));
      token += 4;
    }
  }
}

/**
 * Sums the gradients of each token's embeddings.
 *
 * @param dTable [vocabulary size, size], overwritten.
 * @param dOut [batch, time * size]
 */
export function embeddingGradient(
  dTable: usize,
  dOut: usize,
  outStride: usize,
  tokens: usize,
  batch: i32,
  time: i32,
  size: i32,
  vocabularySize: i32,
): void {
  const bytes: usize = size << 2;
  memory.fill(dTable, 0, vocabularySize * bytes);
  let token = tokens;
  for (let row = 0; row < batch; row++) {
    let from = dOut + row * outStride;
    for (let position = 0; position < time; position++) {
      let to = dTable + load<i32>(token) * bytes;
      const end = to + bytes;
      for (; to + VECTOR <= end; from += VECTOR, to += VECTOR) {
        v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      }
      for (; to < end; from += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
      token += 4;
    }
  }
}
