import { takeTurn } from "../../shared/event_loop.ts";
import { readModel } from "./model_directory.ts";
import { ModelProbe } from "./model_probe.ts";
import { provideOnnxRuntime, warmUpOnnxRuntime, WASM_RUNTIME } from "./onnx_runtime.ts";
import type { Registry } from "./registry.ts";
import { openModel, TrainingLists } from "./served_model.ts";

/**
 * Opens the models of a directory one after another, the default model first, while the server answers requests. Each is
 * opened in a worker thread first, so that a graph with an endless loop blocks neither the server nor the other models.
 *
 * @param registry The names of the models.
 * @param wasm The bytes of ONNX Runtime Web's WebAssembly.
 * @param timeout How long a model may take to open in the worker, in seconds.
 */
export async function openModels(
  registry: Registry,
  directory: string,
  wasm: Uint8Array<ArrayBuffer>,
  timeout: number,
): Promise<void> {
  const module = WebAssembly.compile(wasm);
  const probe = new ModelProbe(module, timeout);
  const lists = new TrainingLists(takeTurn);
  let warm: Promise<void> | undefined;
  /** Initialises ONNX Runtime in this thread, while the worker initialises its own. */
  const warmUp = async () => {
    provideOnnxRuntime(await module);
    await warmUpOnnxRuntime();
  };
  for (const name of registry.names) {
    await registry.add(name, async (onBroken) => {
      const files = await readModel(directory, name);
      const passed = probe.check(files);
      await Promise.all([passed, warm ??= warmUp()]);
      return await openModel(files, WASM_RUNTIME, onBroken, lists);
    });
  }
  probe.end();
}
