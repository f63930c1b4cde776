/*
 * The worker thread of ModelProbe: it opens the models that it is sent, as the server would, and says which are broken.
 */
import type { ProbeRequest, ProbeResult } from "./model_probe.ts";

// ONNX Runtime Web resolves its own address against location.origin, which is "null" in a worker whose module is a file.
Object.defineProperty(globalThis, "location", { value: undefined });
const modules = Promise.all([import("./onnx_runtime.ts"), import("./served_model.ts")]);

let provided = false;

addEventListener("message", async (event) => {
  const { wasm, files, port } = (event as MessageEvent<ProbeRequest>).data;
  const [{ provideOnnxRuntime, WASM_RUNTIME }, { openModel }] = await modules;
  if (!provided) provideOnnxRuntime(wasm);
  provided = true;
  const result: ProbeResult = await openModel(files, WASM_RUNTIME).then(
    () => null,
    (error: Error) => error.message,
  );
  port.postMessage(result);
});
