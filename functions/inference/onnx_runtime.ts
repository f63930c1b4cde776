import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { OnnxRuntime } from "./onnx_model.ts";

/** Most memory that all models together may take, in 64 KiB pages of WebAssembly: 1 GiB, four times the largest file. */
const MAX_MEMORY_PAGES = 2 ** 14;

/** An ONNX file in base64: opset 17, the one node `y = Identity(x)`, both float32 scalars. */
const IDENTITY_GRAPH =
  "CAg6NgoQCgF4EgF5IghJZGVudGl0eRIIaWRlbnRpdHlaCwoBeBIGCgQIARIAYgsKAXkSBgoECAESAEIECgAQEQ==";

/** ONNX Runtime Web on WebAssembly. */
export const WASM_RUNTIME: OnnxRuntime = { InferenceSession, Tensor, executionProvider: "wasm" };

/**
 * Gives ONNX Runtime Web its WebAssembly, before the first session is created. One thread: an answer is a
 * small batch, and a Worker has no more.
 *
 * @param wasm The bytes of `ort-wasm-simd-threaded.wasm`, or, where a runtime compiles no WebAssembly itself,
 * the module that it was compiled to.
 * @param onMemory Is called with the memory that it computes in, when that is made.
 */
export function provideOnnxRuntime(
  wasm: Uint8Array<ArrayBuffer> | WebAssembly.Module,
  onMemory: (memory: WebAssembly.Memory) => void = () => {},
): void {
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  boundMemory(onMemory);
  if (wasm instanceof WebAssembly.Module) instantiateFrom(wasm);
  else env.wasm.wasmBinary = wasm.buffer;
}

/**
 * Initialises ONNX Runtime Web before the first model is there, which would otherwise wait for it. It is initialised when a
 * session is created, whatever its graph is.
 */
export async function warmUpOnnxRuntime(): Promise<void> {
  const session = await InferenceSession.create(Uint8Array.fromBase64(IDENTITY_GRAPH));
  await session.release();
}

/**
 * Bounds the memory of ONNX Runtime Web, so that a graph which asks for more fails instead of taking what the machine has.
 * Emscripten's glue asks for 4 GiB and has no option for less, so the constructor that it calls is replaced.
 */
function boundMemory(onMemory: (memory: WebAssembly.Memory) => void): void {
  const { Memory } = WebAssembly;
  class BoundedMemory extends Memory {
    constructor({ maximum = MAX_MEMORY_PAGES, ...descriptor }: WebAssembly.MemoryDescriptor) {
      super({ ...descriptor, maximum: Math.min(maximum, MAX_MEMORY_PAGES) });
      if (descriptor.initial > 0) onMemory(this); // the glue also makes an empty one, to see whether memory can be shared
    }
  }
  Object.assign(WebAssembly, { Memory: BoundedMemory });
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
