import { describe, expect, test } from "vitest";
import { MAX_PICTURED_TOKENS } from "../../shared/model_card.ts";
import { DEFAULT_LIST, makeCorpus, readList } from "../../trainer/corpus.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { makePictures } from "../../trainer/pictures.ts";

describe("makePictures", () => {
  test("counts the pairs of the words", () => {
    const pictures = makePictures([[1, 2], [1, 1]], {}, 3);
    expect(pictures).toEqual({ bigrams: [[0, 2, 0], [1, 1, 1], [1, 0, 0]] });
  });

  test("draws nothing of a large vocabulary", () => {
    expect(makePictures([[1, 2]], {}, MAX_PICTURED_TOKENS)).toBeDefined();
    expect(makePictures([[1, 2]], {}, MAX_PICTURED_TOKENS + 1)).toBeUndefined();
  });

  test.each(["bigram", "gru", "mlp", "transformer"])(
    "makes those that stand on the card of %s",
    async (name) => {
      const { card, vocabulary, parameters } = await loadModel("models", name);
      const corpus = makeCorpus(await readList(DEFAULT_LIST));
      expect(makePictures(corpus.words.train, parameters, vocabulary.size)).toEqual(card.pictures);
      expect(card.pictures!.embedding?.length).toBe(name === "bigram" ? undefined : 27);
    },
  );
});
