import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { OnnxRuntime } from "./onnx_model.ts";

/** The memory for all models together, in 64 KiB pages of WebAssembly: 1 GiB, four times the largest model file. */
const MAX_MEMORY_PAGES = 2 ** 14;

/** An ONNX file in base64: opset 17, one node `y = Identity(x)` on float32 scalars. */
const IDENTITY_GRAPH =
  "CAg6NgoQCgF4EgF5IghJZGVudGl0eRIIaWRlbnRpdHlaCwoBeBIGCgQIARIAYgsKAXkSBgoECAESAEIECgAQEQ==";

/** How ONNX Runtime Web's module is instantiated. */
export interface Instantiation {
  /** The size that the memory begins with, in pages of 64 KiB, unless the module needs more. */
  readonly pages: number;
  /** Returns what the glue code calls. */
  instantiate(
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
    memory: WebAssembly.Memory,
  ): Promise<WebAssembly.Exports>;
}

/** The ordinary one. */
const INSTANTIATION: Instantiation = {
  pages: 0,
  instantiate: async (module, imports) => (await WebAssembly.instantiate(module, imports)).exports,
};

/** ONNX Runtime Web on WebAssembly. */
export const WASM_RUNTIME: OnnxRuntime = { InferenceSession, Tensor, executionProvider: "wasm" };

/**
 * Configures ONNX Runtime Web with its WebAssembly. Must be called before the first session is created. It uses one thread:
 * batches are small, and a Worker has only one.
 *
 * @param wasm The bytes of `ort-wasm-simd-threaded.wasm`, or the compiled module on a runtime that cannot compile
 * WebAssembly. Null: ONNX Runtime Web looks for it, beside its own script.
 * @param onMemory Called with the WebAssembly memory when it is created.
 * @param instantiation How a compiled module is instantiated. Default: as ever.
 */
export function provideOnnxRuntime(
  wasm: Uint8Array<ArrayBuffer> | WebAssembly.Module | null,
  onMemory: (memory: WebAssembly.Memory) => void = () => {},
  instantiation: Instantiation = INSTANTIATION,
): void {
  env.wasm.numThreads = 1;
  env.logLevel = "error";
  let memory: WebAssembly.Memory;
  boundMemory(instantiation.pages, (created) => onMemory(memory = created));
  if (wasm instanceof WebAssembly.Module) {
    instantiateWith(async (imports) => ({
      module: wasm,
      instance: { exports: await instantiation.instantiate(wasm, imports, memory) },
    }));
  } else if (wasm !== null) env.wasm.wasmBinary = wasm.buffer;
}

/** Initialises ONNX Runtime Web, which happens when a session is created, before the first model needs it. */
export async function warmUpOnnxRuntime(): Promise<void> {
  const session = await InferenceSession.create(
    Uint8Array.from(atob(IDENTITY_GRAPH), (byte) => byte.charCodeAt(0)),
  );
  await session.release();
}

/**
 * Limits the memory of ONNX Runtime Web, so that a graph which needs more fails instead of exhausting the machine.
 * Emscripten's glue code reserves 4 GiB and has no option for less, so the constructor that it calls is replaced until it has
 * called it: other WebAssembly of the process may need more.
 *
 * @param pages The size that it begins with, if that is more than what the glue code asks for.
 */
function boundMemory(pages: number, onMemory: (memory: WebAssembly.Memory) => void): void {
  const { Memory } = WebAssembly;
  class BoundedMemory extends Memory {
    constructor({ initial, maximum = MAX_MEMORY_PAGES, ...descriptor }: WebAssembly.MemoryDescriptor) {
      const isTest = initial === 0; // the glue code also creates an empty one, to test for shared memory
      super({
        ...descriptor,
        initial: isTest ? 0 : Math.max(initial, pages),
        maximum: Math.min(maximum, MAX_MEMORY_PAGES),
      });
      if (isTest) return;
      Object.assign(WebAssembly, { Memory });
      onMemory(this);
    }
  }
  Object.assign(WebAssembly, { Memory: BoundedMemory });
}

/**
 * Makes ONNX Runtime Web use an instance of a compiled module.
 *
 * workerd does not compile WebAssembly at run time; a .wasm file is imported as a module. Emscripten's glue code would accept
 * a module through `instantiateWasm`, but `env.wasm` has no field for that and accepts only bytes. So it is given a
 * placeholder for the bytes, and `WebAssembly.instantiate` instantiates the module when it is called with the placeholder.
 */
function instantiateWith(make: (imports: WebAssembly.Imports) => Promise<unknown>): void {
  const placeholder = new ArrayBuffer(1);
  env.wasm.wasmBinary = placeholder;
  const instantiate = WebAssembly.instantiate;
  const bridge = async (source: BufferSource, imports: WebAssembly.Imports = {}): Promise<unknown> => {
    if (!isPlaceholder(source, placeholder)) return instantiate(source, imports);
    Object.assign(WebAssembly, { instantiate });
    return await make(imports);
  };
  Object.assign(WebAssembly, { instantiate: bridge });
}

/** Whether the bytes are the placeholder, which the glue code may wrap in a view. */
function isPlaceholder(source: BufferSource, placeholder: ArrayBuffer): boolean {
  return source === placeholder || (ArrayBuffer.isView(source) && source.buffer === placeholder);
}
