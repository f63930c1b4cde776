/*
 * The worker thread of ModelProbe: it opens the models that it is sent, as the server would, and says which are broken.
 */
import type { ProbeAnswer, ProbeRequest } from "./model_probe.ts";

// ONNX Runtime Web resolves its own address against location.origin, which is "null" in a worker whose module is a file.
Object.defineProperty(globalThis, "location", { value: undefined });
const modules = Promise.all([import("./onnx_runtime.ts"), import("./served_model.ts")]);

let provided = false;

addEventListener("message", async (event) => {
  const { wasm, files, port } = (event as MessageEvent<ProbeRequest>).data;
  const answer = (message: ProbeAnswer) => port.postMessage(message);
  try {
    const [{ provideOnnxRuntime, WASM_RUNTIME }, { openModel }] = await modules;
    // The first model makes ONNX Runtime start, and so its memory.
    if (!provided) provideOnnxRuntime(wasm, ({ buffer }) => answer({ memory: buffer }));
    provided = true;
    await openModel(files, WASM_RUNTIME);
    answer({ reason: null });
  } catch (error) {
    answer({ reason: (error as Error).message });
  }
});
