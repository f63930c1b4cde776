import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { OnnxRuntime } from "./onnx_model.ts";

/** ONNX Runtime Web on WebAssembly. */
export const WASM_RUNTIME: OnnxRuntime = { InferenceSession, Tensor, executionProvider: "wasm" };

/**
 * Gives ONNX Runtime Web its WebAssembly, before the first session is created. One thread: an answer is a
 * small batch, and a Worker has no more.
 *
 * @param wasm The bytes of `ort-wasm-simd-threaded.wasm`, or, where a runtime compiles no WebAssembly itself,
 * the module that it was compiled to.
 */
export function provideOnnxRuntime(wasm: Uint8Array<ArrayBuffer> | WebAssembly.Module): void {
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  if (wasm instanceof WebAssembly.Module) instantiateFrom(wasm);
  else env.wasm.wasmBinary = wasm.buffer;
}

/**
 * Makes ONNX Runtime Web use a compiled module.
 *
 * workerd compiles no WebAssembly while it runs: a .wasm is imported as a module. Emscripten's glue would
 * take one through `instantiateWasm`, but `env.wasm` has no field for it and takes bytes alone. So it is
 * given a token for bytes, and `WebAssembly.instantiate`, asked to compile just that token, instantiates the
 * module.
 */
function instantiateFrom(module: WebAssembly.Module): void {
  const token = new ArrayBuffer(1);
  env.wasm.wasmBinary = token;
  const instantiate = WebAssembly.instantiate;
  const bridge = async (source: BufferSource, imports?: WebAssembly.Imports): Promise<unknown> => {
    if (!isToken(source, token)) return instantiate(source, imports);
    return { module, instance: await instantiate(module, imports) };
  };
  Object.assign(WebAssembly, { instantiate: bridge });
}

/** The glue may wrap the bytes that it was given in a view. */
function isToken(source: BufferSource, token: ArrayBuffer): boolean {
  return source === token || (ArrayBuffer.isView(source) && source.buffer === token);
}
