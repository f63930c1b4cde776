import { createApp } from "./app.ts";
import { provideOnnxRuntime } from "./inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "./inference/registry.ts";

/** What a Worker module exports. */
export interface Worker {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Makes the Worker. It is called in the global scope, where Cloudflare allows the half second of CPU that
 * sessions take to create; a request may have ten milliseconds.
 *
 * @param wasm ONNX Runtime Web's WebAssembly, imported as a compiled module.
 * @param models The models, imported as data; `build_worker.ts` writes the imports.
 */
export async function createWorker(wasm: WebAssembly.Module, models: ModelFiles[]): Promise<Worker> {
  provideOnnxRuntime(wasm);
  const app = createApp(await Registry.open(models), { runtime: "workerd" });
  return { fetch: (request) => app.fetch(request) };
}
