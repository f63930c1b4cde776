import { NameStream } from "../../shared/random/name_stream.ts";
import { BOUNDARY } from "../../shared/vocabulary.ts";

/** Random contexts that are asked about, half of them full: enough to meet what is wrong with one context in twenty. */
const RANDOM_CONTEXTS = 64;
/** The seed of their tokens: each start asks about the same. */
const SEED = 1;

/**
 * The contexts that a model is asked about before it serves: the beginning of a name, each single character after it, and
 * random ones of random and of full length.
 *
 * @param contextLength How many tokens back the model sees.
 * @param vocabularySize How many tokens it knows, the boundary included; a card allows at most 1,001.
 * @returns [count, contextLength], left-padded with the boundary.
 */
export function probeContexts(contextLength: number, vocabularySize: number): Int32Array<ArrayBuffer> {
  const contexts: number[][] = [[]];
  for (let token = 1; token < vocabularySize; token++) contexts.push([token]);
  const stream = new NameStream(SEED, 0);
  const random = (from: number, to: number) => from + Math.floor(stream.uniform() * (to - from + 1));
  for (let i = 0; i < RANDOM_CONTEXTS; i++) {
    const length = i % 2 === 0 ? contextLength : random(1, contextLength);
    contexts.push(Array.from({ length }, () => random(1, vocabularySize - 1)));
  }
  const rows = new Int32Array(contexts.length * contextLength).fill(BOUNDARY);
  contexts.forEach((context, row) => rows.set(context, (row + 1) * contextLength - context.length));
  return rows;
}
