import { MAX_PICTURED_TOKENS, type Pictures } from "../shared/model_card.ts";
import { BOUNDARY } from "../shared/vocabulary.ts";
import type { Parameters } from "./parameters.ts";
import { principalComponents } from "./principal_components.ts";

/** Significant digits of a coordinate: precise to less than a pixel. */
const DIGITS = 3;

/**
 * Computes the data of a model's charts, for its card: the bigram counts of the list, and the embeddings in two dimensions
 * if the model has a table of embeddings `C`.
 *
 * @param words The tokens of each word of the train split, without boundaries.
 * @returns Undefined if the vocabulary is too large for a chart to be legible.
 */
export function makePictures(
  words: readonly (readonly number[])[],
  parameters: Parameters,
  vocabularySize: number,
): Pictures | undefined {
  if (vocabularySize > MAX_PICTURED_TOKENS) return undefined;
  const bigrams = Array.from({ length: vocabularySize }, () => new Array<number>(vocabularySize).fill(0));
  for (const word of words) {
    let before = BOUNDARY;
    for (const token of [...word, BOUNDARY]) {
      bigrams[before][token]++;
      before = token;
    }
  }
  const round = (value: number) => Number(value.toPrecision(DIGITS));
  const embedding = parameters.C && principalComponents(parameters.C).map((point) => point.map(round));
  return { bigrams, ...(embedding && { embedding }) };
}
