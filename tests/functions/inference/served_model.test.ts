import { expect, test } from "vitest";
import { WASM_RUNTIME } from "../../../functions/inference/onnx_runtime.ts";
import { openModel } from "../../../functions/inference/served_model.ts";
import { startOnnxRuntime } from "../../onnx_runtime.ts";
import { modelFiles } from "../serve_models.ts";

test("a window model that opens without prefilling its cache fills it while it is used", async () => {
  await startOnnxRuntime();
  const mlp = (await modelFiles()).find(({ name }) => name === "mlp")!;
  const { cache } = await openModel(mlp, { ...WASM_RUNTIME, hasTried: () => true });
  expect(cache.size).toBe(0);
  await cache.ask([{ tokens: [], from: 0, to: 0 }]);
  expect(cache.size).toBeGreaterThan(10);
});
