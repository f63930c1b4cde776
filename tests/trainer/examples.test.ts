import { describe, expect, test } from "vitest";
import { type Examples, examplesOf, IGNORED, WindowExamples, WordExamples } from "../../trainer/examples.ts";

const WORDS = [[5, 13, 13, 1], [1], [2, 3]];

/** Each target in its place, with the tokens of the row that predicts it. */
function predictions(examples: Examples, perPosition: boolean): string[] {
  const all: string[] = [];
  for (const { tokens, count, targets, rows, places } of examples.evaluationBatches()) {
    const time = tokens.length / count;
    targets.forEach((target, i) => {
      const row = perPosition ? Math.floor(rows[i] / time) : rows[i];
      const end = perPosition ? rows[i] + 1 : (row + 1) * time;
      expect(all[places[i]]).toBeUndefined();
      all[places[i]] = `${tokens.slice(row * time, end).join(" ")} > ${target}`;
    });
  }
  return all;
}

describe("WindowExamples", () => {
  test("predicts the token after each window, boundaries first and last", () => {
    const { tokens, targets, count } = new WindowExamples([[5, 13], []], 2).all();
    expect(Array.from(tokens)).toEqual([0, 0, 0, 5, 5, 13, 0, 0]);
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
    expect(batches.flatMap((batch) => Array.from(batch.targets))).toEqual(Array.from(many.all().targets));
  });
});

describe("An evaluation of windows", () => {
  const words = Array.from({ length: 9000 }, (_, i) => [1 + (i % 7), 1 + (i % 11), 1 + (i % 13)]);

  test("has each target once, after its window, and each window once", () => {
    const examples = new WindowExamples(words, 3);
    const { tokens, targets, count } = examples.all();
    const expected = Array.from(
      { length: count },
      (_, i) => `${tokens.slice(i * 3, i * 3 + 3).join(" ")} > ${targets[i]}`,
    );
    expect(predictions(examples, false)).toEqual(expected);
    const rows = [...examples.evaluationBatches()].flatMap(({ tokens, count }) =>
      Array.from({ length: count }, (_, row) => tokens.slice(row * 3, row * 3 + 3).join(" "))
    );
    expect(new Set(rows).size).toBe(rows.length);
    expect(rows).toHaveLength(1 + 7 + 77 + 1001); // different beginnings of a word
  });

  test("makes no batch of more than 4096 windows", () => {
    const many = new WindowExamples(Array.from({ length: 5000 }, (_, i) => [i]), 1);
    expect([...many.evaluationBatches()].map(({ count }) => count)).toEqual([4096, 904]);
  });

  test("of a sample takes evenly spaced windows, and all if there are no more", () => {
    const examples = new WindowExamples(WORDS, 3); // 10 windows
    expect(examples.sample(10)).toBe(examples);
    const sample = examples.sample(4);
    const { tokens, targets } = sample.all();
    expect([...tokens]).toEqual([0, 0, 0, 0, 5, 13, 0, 0, 0, 0, 0, 0]);
    expect([...targets]).toEqual([5, 13, 1, 2]);
    expect([sample.count, sample.targetCount]).toEqual([4, 4]);
  });
});

describe("WordExamples", () => {
  test("evaluates each target once, after the beginning of its word", () => {
    expect(predictions(new WordExamples(WORDS), true)).toEqual(
      ["0 > 5", "0 5 > 13", "0 5 13 > 13", "0 5 13 13 > 1", "0 5 13 13 1 > 0", "0 > 1", "0 1 > 0", "0 > 2"]
        .concat(["0 2 > 3", "0 2 3 > 0"]),
    );
  });

  test("samples evenly spaced words with no more targets than are asked for", () => {
    const words = Array.from({ length: 1000 }, (_, i) => new Array<number>(i % 10).fill(1));
    const examples = new WordExamples(words);
    expect(examples.targetCount).toBe(5500);
    expect(examples.sample(5500)).toBe(examples);
    for (const most of [1000, 137, 20]) {
      const { targetCount } = examples.sample(most);
      expect(targetCount).toBeLessThanOrEqual(most);
      expect(targetCount).toBeGreaterThan(most / 2);
    }
  });

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
