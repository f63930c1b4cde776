import { describe, expect, test } from "vitest";
import { examplesOf, IGNORED, WindowExamples, WordExamples } from "../../trainer/examples.ts";

const WORDS = [[5, 13, 13, 1], [1], [2, 3]];

describe("WindowExamples", () => {
  test("predicts the token after each window, boundaries first and last", () => {
    const { contexts, targets, count } = new WindowExamples([[5, 13], []], 2);
    expect(Array.from(contexts)).toEqual([0, 0, 0, 5, 5, 13, 0, 0]);
    expect(Array.from(targets)).toEqual([5, 13, 0, 0]);
    expect(count).toBe(4);
  });

  test("gives batches of chosen windows, and all in order", () => {
    const examples = new WindowExamples(WORDS, 3);
    const { tokens, targets, count } = examples.batch(Int32Array.of(2, 0));
    expect(Array.from(tokens)).toEqual([0, 5, 13, 0, 0, 0]);
    expect([Array.from(targets), count]).toEqual([[13, 5], 2]);
    const many = new WindowExamples(Array.from({ length: 3000 }, () => [1, 2]), 2);
    const batches = [...many.batches()];
    expect(batches.map((batch) => batch.count)).toEqual([4096, 4096, 808]);
    expect(batches.flatMap((batch) => Array.from(batch.targets))).toEqual(Array.from(many.targets));
  });
});

describe("WordExamples", () => {
  test("shifts targets by one, and pads to the longest word of the batch with targets that are ignored", () => {
    const { tokens, targets, count } = new WordExamples(WORDS).batch(Int32Array.of(1, 2));
    expect(Array.from(tokens)).toEqual([0, 1, 0, 0, 2, 3]);
    expect(Array.from(targets)).toEqual([1, 0, IGNORED, 2, 3, 0]);
    expect(count).toBe(2);
    expect(new WordExamples(WORDS).all().tokens).toHaveLength(15);
  });

  test("gives all words in order, in batches of bounded size, however long a word is", () => {
    const words = [...Array.from({ length: 500 }, (_, i) => [1 + (i % 3)]), new Array(5000).fill(7), [1, 2]];
    const batches = [...new WordExamples(words).batches()];
    expect(batches.map(({ tokens }) => tokens.length)).toEqual([1000, 5001, 3]);
    const predicted = batches.flatMap(({ targets }) =>
      Array.from(targets).filter((target) => target !== IGNORED)
    );
    expect(predicted).toEqual(words.flatMap((word) => [...word, 0]));
  });
});

test("examplesOf gives whole words to a network without a context length", () => {
  expect(examplesOf(WORDS, null)).toBeInstanceOf(WordExamples);
  expect(examplesOf(WORDS, 2)).toBeInstanceOf(WindowExamples);
});
