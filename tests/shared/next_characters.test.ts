import { expect, test } from "vitest";
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
    logProbs: (contexts) => {
      asked.push([...contexts]);
      const last = contexts[contexts.length - 1];
      return Promise.resolve(
        Float32Array.from([0, 1, 2, 3], (token) => Math.log(token === last ? 0.7 : 0.1)),
      );
    },
  };
}

test("gives every character with its probability, the likeliest first, then as the vocabulary has them", async () => {
  const next = await nextCharacters(echo(2), new Vocabulary("abc"), [1, 2]);
  expect(next.map(({ character }) => character)).toEqual(["b", ".", "a", "c"]);
  expect(next.map(({ probability }) => probability)).toEqual(
    [0.7, 0.1, 0.1, 0.1].map((p) => expect.closeTo(p, 6)),
  );
});

test("shows the model the last characters, and boundaries where there are too few", async () => {
  const model = echo(3);
  for (const prefix of [[], [2], [1, 2, 3], [1, 1, 2, 3]]) {
    await nextCharacters(model, new Vocabulary("abc"), prefix);
  }
  expect(model.asked).toEqual([[0, 0, 0], [0, 0, 2], [1, 2, 3], [1, 2, 3]]);
});
