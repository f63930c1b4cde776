import { describe, expect, test } from "vitest";
import { cardQuantiles, type ModelCard, modelName, parseModelCard } from "../../shared/model_card.ts";

const card: ModelCard = {
  name: "pets",
  architecture: "bigram",
  hyperparameters: { smoothing: 1 },
  parameters: 9,
  vocabulary: "ab",
  context_length: 1,
  sha256: "0".repeat(64),
  dataset: { name: "pets.txt", lines: 10, sha256: "f".repeat(64), split_seed: 42 },
  training: { steps: 0, batch_size: 0, seed: null, seconds: 0.1, loss_history: [] },
  nll: { train: 1, dev: null, test: 1.5 },
  nll_quantiles: [...Array.from({ length: 100 }, (_, i) => i / 10), null],
};

/** The card of a model with a state of this shape. */
function cardWithState(shape: unknown[], fields: object = {}): string {
  return JSON.stringify({
    ...card,
    ...fields,
    context_length: null,
    states: [{ name: "hidden", type: "float32", shape }],
  });
}

describe("parseModelCard", () => {
  test("reads the states of a model without a window", () => {
    expect(parseModelCard(cardWithState(["batch", 64])).states).toHaveLength(1);
    expect(parseModelCard(cardWithState(["batch", 4, "past", 16])).context_length).toBe(null);
    const exact = cardWithState(["batch", 4, "past", 16], { exact_passes: true });
    expect(parseModelCard(exact).exact_passes).toBe(true);
  });

  test("reads a card back from its JSON", () => {
    expect(parseModelCard(JSON.stringify(card))).toEqual(card);
    const named = { ...card, noun: "pets" };
    expect(parseModelCard(JSON.stringify(named))).toEqual(named);
  });

  test.each([
    ["{", "not JSON"],
    ["[]", "card: "],
    [JSON.stringify({ ...card, context_length: 0 }), "context_length: "],
    [
      JSON.stringify({ ...card, context_length: null }),
      "states: a model has states if its context_length is null",
    ],
    [
      JSON.stringify({ ...JSON.parse(cardWithState(["batch", 8])), context_length: 3 }),
      "states: a model has states if",
    ],
    [cardWithState([8]), "states.0.shape.0: "],
    [cardWithState(["batch", 0]), "states.0.shape.1: "],
    [cardWithState(["batch", "past", "past"]), 'states.0.shape: a shape has "past" once at most'],
    [cardWithState(["batch", 2 ** 16 + 1]), "states: states have at most 65536 numbers a position"],
    [cardWithState(["batch", 8], { exact_passes: true }), "exact_passes: a model can have exact passes if"],
    [JSON.stringify({ ...card, exact_passes: true }), "exact_passes: a model can have exact passes if"],
    [JSON.stringify({ ...card, sha256: "abc" }), "sha256: a SHA-256 is 64 hexadecimal digits"],
    [JSON.stringify({ ...card, vocabulary: "aa" }), "vocabulary: "],
    [JSON.stringify({ ...card, nll: { train: 1, dev: 1 } }), "nll.test: "],
    [JSON.stringify({ ...card, pictures: { bigrams: [["many"]] } }), "pictures.bigrams.0.0: "],
    [JSON.stringify({ ...card, nll_quantiles: [1] }), "nll_quantiles: "],
    [JSON.stringify({ ...card, name: "../etc/passwd" }), "name: "],
    [JSON.stringify({ ...card, noun: "<b>" }), "noun: a noun has letters, digits"],
    [JSON.stringify({ ...card, noun: "a".repeat(41) }), "noun: "],
  ])("names the invalid field of %s", (text, message) => {
    expect(() => parseModelCard(text)).toThrow("Cannot read a model card: ");
    expect(() => parseModelCard(text)).toThrow(message);
  });
});

test("modelName allows names that are safe in file names and URLs", () => {
  for (const name of ["mlp", "us-names_2018", "0", "a".repeat(64)]) {
    expect(modelName().safeParse(name).success).toBe(true);
  }
  for (const name of ["", "-a", "a/b", "a.b", "A", "é", "a".repeat(65)]) {
    expect(modelName().safeParse(name).success).toBe(false);
  }
});

test("cardQuantiles reads null as infinity", () => {
  expect(cardQuantiles({ nll_quantiles: [0, 1.5, null] })).toEqual([0, 1.5, Infinity]);
});
