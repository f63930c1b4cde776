import { expect, test } from "vitest";
import { openModel } from "../../package/core.ts";
import { train } from "../../package/train.ts";
import type { Progress } from "../../package/train_options.ts";

const LINES = Array.from(
  { length: 40 },
  (_, i) => `${["rosa", "villa", "monte", "casa"][i % 4]}${"abcdefghij"[i % 10]}`,
);

test("lines, text and bytes of a list give the same model, which opens", async () => {
  const options = { architecture: "bigram", listName: "villas.txt" };
  const text = LINES.map((line) => `${line}\n`).join("");
  const [ofLines, ofText, ofBytes] = await Promise.all(
    [LINES, text, new TextEncoder().encode(text)].map((list) => train({ ...options, list })),
  );
  expect(ofText.onnx).toEqual(ofLines.onnx);
  expect(ofBytes.onnx).toEqual(ofLines.onnx);
  expect(ofLines.card).toMatchObject({
    name: "bigram",
    noun: "villas",
    dataset: { name: "villas.txt", lines: 40 },
  });
  expect(ofLines).toMatchObject({ stopped: false, failed: false });
  const model = await openModel(ofLines);
  expect(await model.sample({ n: 5, novel: true })).toHaveLength(5);
  model.close();
});

test("tells how far it is, and stops at its signal with the best model so far", async () => {
  const stop = new AbortController();
  const seen: Progress[] = [];
  const { card, stopped } = await train({
    list: LINES,
    steps: 1e9,
    hyperparameters: { hidden: 8 },
    signal: stop.signal,
    onProgress(progress) {
      seen.push(progress);
      stop.abort();
    },
  });
  expect(stopped).toBe(true);
  expect(seen).toMatchObject([{ steps: 1e9, step: card.training.steps }]);
  expect(card.training.steps).toBeGreaterThan(0);
});

test.each<[object, string]>([
  [{ steps: -1 }, "Cannot train with steps: "],
  [{ lr: "fast" }, "Cannot train with lr: "],
  [{ optimizer: "adagrad" }, "Cannot train with optimizer: "],
  [{ architecture: "cnn" }, 'Cannot find architecture "cnn"'],
  [{ hyperparameters: { hidden: 0 } }, "Cannot train with hyperparameters.hidden: "],
  [{ name: "A model" }, "Cannot train with name: a model's name has 1 to 64 of a-z"],
  [{ list: ["ada"] }, "Cannot read the list list.txt: it has 1 line, and 10 is the fewest"],
])("refuses %j", async (options, message) => {
  await expect(train({ list: LINES, steps: 1, ...options } as Parameters<typeof train>[0])).rejects.toThrow(
    message,
  );
});

test("has the weight decay of its optimizer", async () => {
  const adamw = await train({ list: LINES, steps: 1, optimizer: "adamw" });
  expect(adamw.card.training).toMatchObject({
    weight_decay: 0.01,
    seed: 42,
    batch_size: 32,
    backend: "fused",
  });
  expect((await train({ list: LINES, steps: 1 })).card.training.weight_decay).toBe(0);
});
