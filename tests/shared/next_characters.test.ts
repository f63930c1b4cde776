import { expect, test } from "vitest";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import type { LanguageModel } from "../../shared/language_model.ts";
import { nextCharacters } from "../../shared/next_characters.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";

/** Knows a, b and c; holds what it saw last likeliest, all else alike. Remembers what it was asked. */
function echo(contextLength: number): LanguageModel & { asked: number[][] } {
  const asked: number[][] = [];
  return {
    asked,
    vocabularySize: 4,
    contextLength,
    states: [],
    step: (contexts) => {
      asked.push([...contexts]);
      const last = contexts[contexts.length - 1];
      const logProbs = Float32Array.from([0, 1, 2, 3], (token) => Math.log(token === last ? 0.7 : 0.1));
      return Promise.resolve({ logProbs, present: [] });
    },
  };
}

test("gives every character with its probability, the likeliest first, then as the vocabulary has them", async () => {
  const next = await nextCharacters(new DistributionCache(echo(2)), new Vocabulary("abc"), [1, 2]);
  expect(next.map(({ character }) => character)).toEqual(["b", ".", "a", "c"]);
  expect(next.map(({ probability }) => probability)).toEqual(
    [0.7, 0.1, 0.1, 0.1].map((p) => expect.closeTo(p, 6)),
  );
});

test("tells the end from the character that is shown like it", async () => {
  const next = await nextCharacters(new DistributionCache(echo(2)), new Vocabulary(".bc"), [1]);
  expect(next.slice(0, 2)).toEqual([
    { character: ".", probability: expect.closeTo(0.7, 6) },
    { character: ".", probability: expect.closeTo(0.1, 6), end: true },
  ]);
});

test("asks the model about the last characters, boundaries before them, and once about each", async () => {
  const model = echo(3);
  const cache = new DistributionCache(model);
  for (const prefix of [[], [2], [1, 2, 3], [1, 1, 2, 3]]) {
    await nextCharacters(cache, new Vocabulary("abc"), prefix);
  }
  expect(model.asked).toEqual([[0, 0, 0], [0, 0, 2], [1, 2, 3]]);
});
