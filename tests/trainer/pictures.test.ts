import { describe, expect, test } from "vitest";
import { MAX_PICTURED_TOKENS } from "../../shared/model_card.ts";
import { modelList } from "../../trainer/commands/model_list.ts";
import { makeCorpus } from "../../trainer/corpus.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { makePictures } from "../../trainer/pictures.ts";

describe("makePictures", () => {
  test("counts the pairs of the words", () => {
    const pictures = makePictures([[1, 2], [1, 1]], {}, 3);
    expect(pictures).toEqual({ bigrams: [[0, 2, 0], [1, 1, 1], [1, 0, 0]] });
  });

  test("pictures the boundary and the commonest characters of a large vocabulary", () => {
    const size = MAX_PICTURED_TOKENS + 3;
    // Every character stands once, token 2 thrice; after it, the last token follows.
    const words = [Array.from({ length: size - 1 }, (_, i) => i + 1), [2, size - 1], [size - 1, 2]];
    const C = { shape: [size, 2], values: Float32Array.from({ length: 2 * size }, (_, i) => i % 7) };
    const { tokens, bigrams, embedding } = makePictures(words, { C }, size);
    const left = [size - 3, size - 2, size - 4];
    expect(tokens).toEqual(
      Array.from({ length: size }, (_, i) => i).filter((token) => !left.includes(token)),
    );
    expect(tokens).toHaveLength(MAX_PICTURED_TOKENS);
    const [two, last] = [tokens!.indexOf(2), tokens!.indexOf(size - 1)];
    expect(bigrams[two][last]).toBe(1);
    expect(bigrams[last][two]).toBe(1);
    expect(bigrams[last][0]).toBe(2);
    expect(bigrams.flat().reduce((a, b) => a + b)).toBe(size - 4 + 3 + 3);
    const all = makePictures(words.slice(1), { C: { ...C, shape: [size, 2] } }, size).embedding;
    expect(embedding).toHaveLength(MAX_PICTURED_TOKENS);
    expect(all).toHaveLength(MAX_PICTURED_TOKENS);
    expect(makePictures([[1, 2]], {}, MAX_PICTURED_TOKENS).tokens).toBeUndefined();
  });

  test.each(["bigram", "gru", "mlp", "transformer", "towns"])(
    "makes those that stand on the card of %s",
    async (name) => {
      const model = await loadModel("models", name);
      const { card, vocabulary, parameters } = model;
      const corpus = makeCorpus(await modelList(model, "models"));
      expect(makePictures(corpus.words.train, parameters, vocabulary.size)).toEqual(card.pictures);
      const pictured = name === "towns" ? MAX_PICTURED_TOKENS : 27;
      expect(card.pictures!.embedding?.length).toBe(name === "bigram" ? undefined : pictured);
    },
  );
});
