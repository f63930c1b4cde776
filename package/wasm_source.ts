/**
 * The WebAssembly of ONNX Runtime Web, `onnxruntime-web/ort-wasm-simd-threaded.wasm`: its address, its bytes, or, on Workers, the
 * module that importing it gives.
 */
export type WasmSource = string | URL | Uint8Array | ArrayBuffer | WebAssembly.Module;

/**
 * Reads the WebAssembly.
 *
 * @throws {Error} If it cannot be fetched from its address.
 */
export async function readWasm(
  source: WasmSource,
): Promise<Uint8Array<ArrayBuffer> | WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source !== "string" && !(source instanceof URL)) return new Uint8Array(source);
  const response = await fetch(source);
  if (!response.ok) {
    throw new Error(
      `Cannot fetch ONNX Runtime's WebAssembly from ${source}: the answer is ${response.status}`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
