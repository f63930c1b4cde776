import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { provideOnnxRuntime } from "../functions/inference/onnx_runtime.ts";

/** Provides the WebAssembly of ONNX Runtime Web to the tests of a file. */
export async function startOnnxRuntime(): Promise<void> {
  const wasm = createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm");
  provideOnnxRuntime(new Uint8Array(await readFile(wasm)));
}
