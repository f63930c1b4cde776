import { NameStream } from "../../shared/random/name_stream.ts";

/** Random beginnings, half of them of full length: enough to find a fault that one in twenty has. */
const RANDOM_BEGINNINGS = 64;
/** Full length for a model that sees all tokens: longer than most names. */
const FULL_LENGTH = 16;
/** The seed of their tokens: each start asks about the same beginnings. */
const SEED = 1;

/**
 * The beginnings that a model is asked about before it serves: the empty one, each single character, and random ones of random
 * and of full length.
 *
 * @param contextLength How many tokens back the model sees; null: all of them.
 * @param vocabularySize How many tokens it knows, the boundary included; a card allows at most 1,001.
 * @returns The tokens of each beginning.
 */
export function probeBeginnings(contextLength: number | null, vocabularySize: number): number[][] {
  const beginnings: number[][] = [[]];
  for (let token = 1; token < vocabularySize; token++) beginnings.push([token]);
  const fullLength = contextLength ?? FULL_LENGTH;
  const stream = new NameStream(SEED, 0);
  const random = (from: number, to: number) => from + Math.floor(stream.uniform() * (to - from + 1));
  for (let i = 0; i < RANDOM_BEGINNINGS; i++) {
    const length = i % 2 === 0 ? fullLength : random(1, fullLength);
    beginnings.push(Array.from({ length }, () => random(1, vocabularySize - 1)));
  }
  return beginnings;
}
