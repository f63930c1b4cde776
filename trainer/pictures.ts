import type { Examples } from "../shared/context.ts";
import { MAX_PICTURED_TOKENS, type Pictures } from "../shared/model_card.ts";
import type { Parameters } from "./parameters.ts";
import { principalComponents } from "./principal_components.ts";

/** Significant digits of a coordinate: on any page less than a pixel. */
const DIGITS = 3;

/**
 * What a page draws of a model, for its card: how often each character follows each other one in the list, and
 * where the embeddings lie, if the model has some.
 *
 * @param train The examples that it learnt from, of any context length.
 * @returns Nothing where the vocabulary is so large that a picture could not be read.
 */
export function makePictures(
  { contexts, targets, count }: Examples,
  parameters: Parameters,
  vocabularySize: number,
): Pictures | undefined {
  if (vocabularySize > MAX_PICTURED_TOKENS) return undefined;
  const bigrams = Array.from({ length: vocabularySize }, () => new Array<number>(vocabularySize).fill(0));
  const contextLength = contexts.length / count;
  for (let i = 0; i < count; i++) bigrams[contexts[(i + 1) * contextLength - 1]][targets[i]]++;
  const round = (value: number) => Number(value.toPrecision(DIGITS));
  const embedding = parameters.C && principalComponents(parameters.C).map((place) => place.map(round));
  return { bigrams, ...(embedding && { embedding }) };
}
