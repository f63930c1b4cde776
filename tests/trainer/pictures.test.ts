import { describe, expect, test } from "vitest";
import { slideContexts } from "../../shared/context.ts";
import { MAX_PICTURED_TOKENS } from "../../shared/model_card.ts";
import { DEFAULT_LIST } from "../../trainer/corpus.ts";
import { makeCorpus, makeExamples, readList } from "../../trainer/corpus.ts";
import { loadModel } from "../../trainer/load_model.ts";
import { makePictures } from "../../trainer/pictures.ts";

describe("makePictures", () => {
  test.each([1, 3])("counts the pairs of the words, with a context of %i", (contextLength) => {
    const pictures = makePictures(slideContexts([[1, 2], [1, 1]], contextLength), {}, 3);
    expect(pictures).toEqual({ bigrams: [[0, 2, 0], [1, 1, 1], [1, 0, 0]] });
  });

  test("draws nothing of a large vocabulary", () => {
    const examples = slideContexts([[1, 2]], 1);
    expect(makePictures(examples, {}, MAX_PICTURED_TOKENS)).toBeDefined();
    expect(makePictures(examples, {}, MAX_PICTURED_TOKENS + 1)).toBeUndefined();
  });

  test.each(["bigram", "mlp", "tuned"])("makes those that stand on the card of %s", async (name) => {
    const { card, vocabulary, parameters } = await loadModel("models", name);
    const corpus = makeCorpus(await readList(DEFAULT_LIST));
    const { train } = makeExamples(corpus, card.context_length);
    expect(makePictures(train, parameters, vocabulary.size)).toEqual(card.pictures);
    expect(card.pictures!.embedding?.length).toBe(name === "bigram" ? undefined : 27);
  });
});
