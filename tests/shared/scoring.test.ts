import { describe, expect, test } from "vitest";
import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { score } from "../../shared/scoring.ts";
import { Vocabulary } from "../../shared/vocabulary.ts";
import { LETTERS, PROBABILITIES, TableModel } from "./table_model.ts";

const vocabulary = new Vocabulary(LETTERS);

function cacheOf(model = new TableModel(PROBABILITIES)): DistributionCache {
  return new DistributionCache(model);
}

describe("score", () => {
  test("sums the log-probabilities of the characters and the closing boundary", async () => {
    const scored = await score(cacheOf(), vocabulary, "ab");
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
      cacheOf(),
      vocabulary,
      "aaaab",
    );
    expect(characters.reduce((sum, character) => sum - character.nll, 0)).toBe(logLikelihood);
    expect(nll).toBe(-logLikelihood / characters.length);
    expect(perplexity).toBe(Math.exp(nll));
  });

  test("says of an impossible name that it is", async () => {
    const scored = await score(cacheOf(), vocabulary, "aba");
    expect(scored).toMatchObject({ logLikelihood: -Infinity, nll: Infinity, perplexity: Infinity });
    expect(scored.characters[2]).toEqual({ context: "b", character: "a", probability: 0, nll: Infinity });
  });

  test("reads the name as the vocabulary does", async () => {
    const cache = cacheOf();
    expect(await score(cache, vocabulary, "AB")).toEqual(await score(cache, vocabulary, "ab"));
  });

  test("asks the model once", async () => {
    const model = new TableModel(PROBABILITIES, 2);
    await score(cacheOf(model), vocabulary, "aaab");
    expect(model.batches).toEqual([4]);
  });
});
