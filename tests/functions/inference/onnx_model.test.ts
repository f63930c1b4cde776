import { beforeAll, describe, expect, test } from "vitest";
import { type OpenedModel, openOnnxModel } from "../../../functions/inference/onnx_model.ts";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { modelFiles } from "../serve_models.ts";

beforeAll(startOnnxRuntime);

describe("models that run at the same time", () => {
  /** The beginning of a name, after which every model has something to say. */
  function firstStep(model: OpenedModel) {
    const past = model.states.map(({ shape }) =>
      new Float32Array(shape.reduce<number>((size, length) => size * (length === "past" ? 0 : length), 1))
    );
    return model.step(new Int32Array(model.contextLength ?? 1), 1, past);
  }

  test("say what each of them says alone", async () => {
    const files = await modelFiles();
    const models = await Promise.all(
      files.map(({ onnx, card }) => openOnnxModel(onnx!, JSON.parse(card), WASM_RUNTIME)),
    );
    const alone = [];
    for (const model of models) alone.push(await firstStep(model));
    for (let delay = 0; delay < 10; delay++) {
      const answers = models.map(async (model, i) => {
        for (let turns = 0; turns < i * delay; turns++) await null;
        return await firstStep(model);
      });
      expect(await Promise.all(answers)).toEqual(alone);
    }
    for (const model of models) await model.close();
  });

  test("go on after one that fails", async () => {
    const [{ onnx, card }] = await modelFiles();
    const model = await openOnnxModel(onnx!, JSON.parse(card), WASM_RUNTIME);
    const wrong = model.step(new Int32Array(100).fill(-1), 7, []);
    const right = firstStep(model);
    await expect(wrong).rejects.toThrow();
    expect((await right).logProbs).toHaveLength(model.vocabularySize);
    await model.close();
  });
});
