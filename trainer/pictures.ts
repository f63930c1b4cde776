import { MAX_PICTURED_TOKENS, type Pictures } from "../shared/model_card.ts";
import { BOUNDARY } from "../shared/vocabulary.ts";
import type { Parameters } from "./parameters.ts";
import { principalComponents } from "./principal_components.ts";

/** Significant digits of a coordinate: precise to less than a pixel. */
const DIGITS = 3;

/**
 * Computes the data of a model's charts, for its card: the bigram counts of the list, and the embeddings in two dimensions
 * if the model has a table of embeddings `C`. Of a vocabulary that is too large for a chart to be legible, it pictures the
 * boundary and the commonest characters.
 *
 * @param words The tokens of each word of the train split, without boundaries.
 */
export function makePictures(
  words: readonly (readonly number[])[],
  parameters: Parameters,
  vocabularySize: number,
): Pictures {
  const tokens = vocabularySize > MAX_PICTURED_TOKENS ? commonest(words, vocabularySize) : undefined;
  const bigrams = countPairs(words, tokens, vocabularySize);
  const round = (value: number) => Number(value.toPrecision(DIGITS));
  // The directions are those of all tokens.
  const places = parameters.C && principalComponents(parameters.C).map((point) => point.map(round));
  const embedding = places && (tokens?.map((token) => places[token]) ?? places);
  return { ...(tokens && { tokens }), bigrams, ...(embedding && { embedding }) };
}

/** The boundary and the commonest characters, ascending; among equally common ones, smaller ids. */
function commonest(words: readonly (readonly number[])[], vocabularySize: number): number[] {
  const counts = new Array<number>(vocabularySize).fill(0);
  for (const word of words) for (const token of word) counts[token]++;
  counts[BOUNDARY] = Infinity;
  return Array.from(counts.keys())
    .sort((a, b) => counts[b] - counts[a] || a - b)
    .slice(0, MAX_PICTURED_TOKENS)
    .sort((a, b) => a - b);
}

/**
 * Counts the pairs of tokens in words that begin and end with the boundary.
 *
 * @param tokens Those to count; undefined for all.
 * @returns [tokens, tokens]
 */
function countPairs(
  words: readonly (readonly number[])[],
  tokens: readonly number[] | undefined,
  vocabularySize: number,
): number[][] {
  const size = tokens?.length ?? vocabularySize;
  const places = tokens && new Map(tokens.map((token, place) => [token, place]));
  const placeOf = (token: number) => (places ? places.get(token) : token);
  const pairs = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  for (const word of words) {
    let before = placeOf(BOUNDARY);
    for (const token of [...word, BOUNDARY]) {
      const after = placeOf(token);
      if (before !== undefined && after !== undefined) pairs[before][after]++;
      before = after;
    }
  }
  return pairs;
}
