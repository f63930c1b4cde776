import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { provideOnnxRuntime, warmUpOnnxRuntime } from "../../../functions/inference/onnx_runtime.ts";

test("WebAssembly is as it was once ONNX Runtime has its module and its memory", async () => {
  const { Memory, instantiate } = WebAssembly;
  const path = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  let memory: WebAssembly.Memory | undefined;
  provideOnnxRuntime(await WebAssembly.compile(await readFile(path)), (created) => void (memory = created));
  expect(WebAssembly.Memory).not.toBe(Memory);
  expect(WebAssembly.instantiate).not.toBe(instantiate);
  await warmUpOnnxRuntime();
  expect(WebAssembly.Memory).toBe(Memory);
  expect(WebAssembly.instantiate).toBe(instantiate);
  // It cannot grow beyond 1 GiB.
  const pages = memory!.buffer.byteLength / 2 ** 16;
  expect(() => memory!.grow(2 ** 14 - pages + 1)).toThrow(RangeError);
});
