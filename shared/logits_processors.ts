/**
 * Changes a row of log-probabilities in place, before a token is sampled from it. The result need not be normalised;
 * -Infinity excludes a token.
 *
 * @param row [vocabularySize], natural logarithms.
 */
export type LogitsProcessor = (row: Float64Array) => void;

/** Divides by a temperature: below 1 the distribution becomes sharper, above 1 flatter. */
export function temperature(degree: number): LogitsProcessor {
  return (row) => {
    for (let i = 0; i < row.length; i++) row[i] /= degree;
  };
}

/** Keeps the k most likely tokens; among equally likely ones, those with smaller ids. */
export function topK(k: number): LogitsProcessor {
  return (row) => {
    for (const token of byDescendingProbability(row).subarray(k)) row[token] = -Infinity;
  };
}

/**
 * Keeps the nucleus: the fewest most likely tokens whose probabilities add up to at least p.
 *
 * Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
 */
export function topP(p: number): LogitsProcessor {
  return (row) => {
    const order = byDescendingProbability(row);
    const likeliest = row[order[0]];
    if (likeliest === -Infinity) return;
    let total = 0;
    for (const logProb of row) total += Math.exp(logProb - likeliest);
    let mass = 0;
    for (const token of order) {
      if (mass >= p * total) row[token] = -Infinity;
      else mass += Math.exp(row[token] - likeliest);
    }
  };
}

/** Up to this many tokens, insertion sort is several times as fast as `TypedArray.sort`. */
const MAX_INSERTION_SORT = 64;

/** The tokens from the most likely to the least; among equally likely ones, smaller ids first. */
function byDescendingProbability(row: Float64Array): Uint32Array {
  const order = Uint32Array.from(row, (_, token) => token);
  if (order.length > MAX_INSERTION_SORT) return order.sort((a, b) => row[b] - row[a] || a - b);
  for (let i = 1; i < order.length; i++) {
    let position = i;
    for (; position > 0 && row[order[position - 1]] < row[i]; position--) {
      order[position] = order[position - 1];
    }
    order[position] = i;
  }
  return order;
}
