/**
 * One step from a model's log-probabilities to the distribution that is sampled: it changes a row of
 * log-probabilities in place. What is left need not sum to 1; -Infinity rules a token out.
 *
 * @param row [vocabularySize], natural logarithms.
 */
export type LogitsProcessor = (row: Float64Array) => void;

/** Divides by a temperature: below 1 the likely becomes likelier, above 1 all becomes more alike. */
export function temperature(degree: number): LogitsProcessor {
  return (row) => {
    for (let i = 0; i < row.length; i++) row[i] /= degree;
  };
}

/** Keeps the k likeliest tokens; of equals, those with the smaller ids. */
export function topK(k: number): LogitsProcessor {
  return (row) => {
    for (const token of byFallingProbability(row).subarray(k)) row[token] = -Infinity;
  };
}

/**
 * Keeps the likeliest tokens whose probabilities together reach p: the nucleus.
 *
 * Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
 */
export function topP(p: number): LogitsProcessor {
  return (row) => {
    const order = byFallingProbability(row);
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

/** Most tokens that are sorted by insertion, which is several times as fast while they are few. */
const MAX_INSERTED = 64;

/** The tokens from the likeliest to the least likely; of equals, the smaller id first. */
function byFallingProbability(row: Float64Array): Uint32Array {
  const order = Uint32Array.from(row, (_, token) => token);
  if (order.length > MAX_INSERTED) return order.sort((a, b) => row[b] - row[a] || a - b);
  for (let i = 1; i < order.length; i++) {
    let place = i;
    for (; place > 0 && row[order[place - 1]] < row[i]; place--) order[place] = order[place - 1];
    order[place] = i;
  }
  return order;
}
