import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { contextInWords, describeModel } from "../../page/describe_model.ts";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";

async function card(name: string): Promise<ModelCard> {
  return parseModelCard(await readFile(`models/${name}.json`, "utf8"));
}

test.each([
  ["bigram", "in 32,257 names"],
  [
    "mlp",
    "every letter is a point in 10 dimensions, and 200 artificial neurons compute from the last 3 letters how likely",
  ],
  ["mlp", "It learnt its 11,897 numbers from 32,257 names by guessing their next letter 6,400,000 times"],
  ["gru", "from all letters so far"],
])("describes %s in two sentences", async (name, part) => {
  const text = describeModel(await card(name));
  expect(text).toContain(part);
  expect(text.match(/\.(\s|$)/g)).toHaveLength(2);
});

test("describes an untrained network as one that has learnt nothing", async () => {
  const mlp = await card("mlp");
  const untrained = { ...mlp, training: { ...mlp.training, steps: 0 } };
  expect(describeModel(untrained)).toContain(
    "It has learnt nothing yet: its 11,897 numbers are still random.",
  );
});

test("describes an unknown architecture by what every card says", async () => {
  const text = describeModel({ ...await card("mlp"), architecture: "oracle" });
  expect(text).toMatch(
    /^It computes from the last 3 letters .* It learnt its 11,897 numbers from 32,257 names/,
  );
});

test("describes a model with a state as one that sees all letters so far", async () => {
  expect(describeModel(await card("gru"))).toMatch(
    /^It computes from all letters so far how likely each letter comes next\./,
  );
});

test.each([
  [1, "the last character"],
  [3, "the last 3 characters"],
  [null, "all characters so far"],
])("says that a model with context length %j sees %s", (length, expected) => {
  expect(contextInWords(length, "character")).toBe(expected);
});
