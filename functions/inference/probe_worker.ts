/*
 * The worker thread of ModelProbe: it opens the models that it is sent, as the server would, and says which are broken.
 */
import type { ProbeAnswer, ProbeRequest } from "./model_probe.ts";

// ONNX Runtime Web resolves its own address against location.origin, which is "null" in a worker whose module is a file.
Object.defineProperty(globalThis, "location", { value: undefined });
const modules = Promise.all([import("./onnx_runtime.ts"), import("./served_model.ts")]);

let started: Promise<WebAssembly.Memory> | undefined;

/** Starts ONNX Runtime Web, once, and returns the memory that it computes in. */
async function start(wasm: WebAssembly.Module): Promise<WebAssembly.Memory> {
  const [{ provideOnnxRuntime, warmUpOnnxRuntime }] = await modules;
  const { promise: memory, resolve } = Promise.withResolvers<WebAssembly.Memory>();
  provideOnnxRuntime(wasm, resolve);
  await warmUpOnnxRuntime();
  return await memory;
}

addEventListener("message", async (event) => {
  const { wasm, files, port } = (event as MessageEvent<ProbeRequest>).data;
  const answer = (message: ProbeAnswer) => port.postMessage(message);
  try {
    const memory = await (started ??= start(wasm));
    answer({ memory: memory.buffer });
    const [{ WASM_RUNTIME }, { openModel }] = await modules;
    await openModel(files, WASM_RUNTIME);
    answer({ reason: null });
  } catch (error) {
    answer({ reason: (error as Error).message });
  }
});
