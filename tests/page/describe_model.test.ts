import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { describeModel } from "../../page/describe_model.ts";
import { type ModelCard, parseModelCard } from "../../shared/model_card.ts";

async function card(name: string): Promise<ModelCard> {
  return parseModelCard(await readFile(`models/${name}.json`, "utf8"));
}

test.each([
  ["bigram", "in 32,257 names"],
  [
    "mlp",
    "looks back at 3 letters, turns each into a point in 10 dimensions, and lets 200 artificial neurons",
  ],
  ["mlp", "It learnt its 11,897 numbers from 32,257 names by guessing their next letter 6,400,000 times"],
  ["tuned", "looks back at 5 letters"],
])("says of %s in two sentences what it is", async (name, part) => {
  const text = describeModel(await card(name));
  expect(text).toContain(part);
  expect(text.match(/\.(\s|$)/g)).toHaveLength(2);
});

test("says of a network that was not trained that it has learnt nothing", async () => {
  const mlp = await card("mlp");
  const untrained = { ...mlp, training: { ...mlp.training, steps: 0 } };
  expect(describeModel(untrained)).toContain(
    "It has learnt nothing yet: its 11,897 numbers are as chance drew them.",
  );
});

test("says of a kind that it does not know what any card says", async () => {
  const text = describeModel({ ...await card("tuned"), architecture: "oracle" });
  expect(text).toMatch(/^It looks back at 5 letters .* It learnt its 28,363 numbers from 32,257 names/);
});
