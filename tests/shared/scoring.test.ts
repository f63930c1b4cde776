import { describe, expect, test } from "vitest";
import { score, scoreWords } from "../../shared/scoring.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { LETTERS, PROBABILITIES, TableModel } from "./table_model.ts";

const vocabulary = new Vocabulary(LETTERS);

describe("score", () => {
  test("sums the log-probabilities of the characters and the closing boundary", async () => {
    const scored = await score(new TableModel(PROBABILITIES), vocabulary, "ab");
    const expected = Math.log(0.75) + Math.log(0.25) + Math.log(1);
    expect(scored.logLikelihood).toBeCloseTo(expected, 6);
    expect(scored.nll).toBeCloseTo(-expected / 3, 6);
    expect(scored.perplexity).toBeCloseTo(Math.exp(-expected / 3), 6);
    expect(scored.characters.map(({ context, character }) => context + character)).toEqual([
      ".a",
      "ab",
      "b.",
    ]);
    expect(scored.characters.map(({ probability }) => probability)).toEqual([
      expect.closeTo(0.75, 6),
      expect.closeTo(0.25, 6),
      1,
    ]);
  });

  test("its figures agree with each other to the last digit", async () => {
    const { logLikelihood, nll, perplexity, characters } = await score(
      new TableModel(PROBABILITIES),
      vocabulary,
      "aaaab",
    );
    expect(characters.reduce((sum, character) => sum - character.nll, 0)).toBe(logLikelihood);
    expect(nll).toBe(-logLikelihood / characters.length);
    expect(perplexity).toBe(Math.exp(nll));
  });

  test("says of an impossible name that it is", async () => {
    const scored = await score(new TableModel(PROBABILITIES), vocabulary, "aba");
    expect(scored).toMatchObject({ logLikelihood: -Infinity, nll: Infinity, perplexity: Infinity });
    expect(scored.characters[2]).toEqual({ context: "b", character: "a", probability: 0, nll: Infinity });
  });

  test("reads the name as the vocabulary does", async () => {
    const model = new TableModel(PROBABILITIES);
    expect(await score(model, vocabulary, "AB")).toEqual(await score(model, vocabulary, "ab"));
  });

  test("asks the model once", async () => {
    const model = new TableModel(PROBABILITIES, 2);
    await score(model, vocabulary, "aaab");
    expect(model.batches).toEqual([4]);
  });
});

describe("scoreWords", () => {
  test("scores many words as score does one, in batches of bounded size", async () => {
    const model = new TableModel(PROBABILITIES);
    const names = Array.from({ length: 3000 }, (_, i) => "a".repeat(i % 5) + "b".repeat(i % 2));
    const words = names.map((name) => vocabulary.encode(name));
    const scores = [];
    for await (const scored of scoreWords(model, words)) scores.push(scored);
    expect(Math.max(...model.batches)).toBeLessThanOrEqual(4096);
    expect(model.batches.length).toBeLessThan(6);
    expect(scores.length).toBe(3000);
    for (const i of [0, 1, 7, 1500, 2999]) {
      const { logLikelihood, nll, perplexity } = await score(model, vocabulary, names[i]);
      expect(scores[i]).toEqual({ logLikelihood, nll, perplexity });
    }
  });
});
