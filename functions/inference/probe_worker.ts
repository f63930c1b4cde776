/*
 * The worker thread of ModelProbe: opens each model that it is sent as the server would, and reports whether it is broken.
 */
import type { ProbeAnswer, ProbeRequest } from "./model_probe.ts";

// ONNX Runtime Web resolves its own URL against location.origin, which is "null" in a worker loaded from a file.
Object.defineProperty(globalThis, "location", { value: undefined });
const modules = Promise.all([import("./onnx_runtime.ts"), import("./served_model.ts")]);

let provided = false;

addEventListener("message", async (event) => {
  const { wasm, files, port } = (event as MessageEvent<ProbeRequest>).data;
  const answer = (message: ProbeAnswer) => port.postMessage(message);
  try {
    const [{ provideOnnxRuntime, WASM_RUNTIME }, { openModel }] = await modules;
    // The first model initialises ONNX Runtime, which creates its memory.
    if (!provided) provideOnnxRuntime(wasm, ({ buffer }) => answer({ memory: buffer }));
    provided = true;
    await openModel(files, WASM_RUNTIME);
    answer({ reason: null, works: true });
  } catch (error) {
    const { message } = error as Error;
    // After a trap ONNX Runtime is unusable. Otherwise the worker is kept, since each new one takes memory.
    const works = await modules.then(([{ warmUpOnnxRuntime }]) => warmUpOnnxRuntime()).then(
      () => true,
      () => false,
    );
    answer({ reason: message, works });
  }
});
