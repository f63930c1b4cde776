import { type Batch, IGNORED } from "../../examples.ts";
import type { PartOfBatch } from "./step_memory.ts";

/** Some words of a mini-batch. */
export type Part = Batch & PartOfBatch;

/**
 * Splits a mini-batch of words, [count, time], into parts of about as many tokens. Words that begin alike stay together, because
 * they share rows (rows.ts).
 *
 * @returns At most so many parts, and none without words.
 */
export function splitWords({ tokens, targets, count }: Batch, parts: number): Part[] {
  const time = tokens.length / count;
  const rowOf = (values: Int32Array, word: number) => values.subarray(word * time, (word + 1) * time);
  const words = Array.from({ length: count }, (_, word) => ({ word, tokens: rowOf(tokens, word) }));
  words.sort((a, b) => {
    const position = a.tokens.findIndex((token, i) => token !== b.tokens[i]);
    return position < 0 ? 0 : a.tokens[position] - b.tokens[position];
  });
  const lengths = words.map(({ word }) =>
    rowOf(targets, word).findLastIndex((target) => target !== IGNORED) + 1
  );
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const split = Array.from({ length: parts }, (): number[] => []);
  let before = 0;
  words.forEach(({ word }, i) => {
    const middle = before + lengths[i] / 2;
    split[Math.floor((middle / total) * parts)].push(word);
    before += lengths[i];
  });
  const targetCount = targets.reduce((sum, target) => sum + Number(target !== IGNORED), 0);
  const all = Int32Array.from(tokens.keys());
  return split.filter((part) => part.length > 0).map((part) => {
    const joined = (values: Int32Array) => {
      const rows = new Int32Array(part.length * time);
      part.forEach((word, i) => rows.set(rowOf(values, word), i * time));
      return rows;
    };
    return {
      tokens: joined(tokens),
      targets: joined(targets),
      count: part.length,
      places: joined(all),
      targetCount,
    };
  });
}
