import { takeTurn } from "../../shared/event_loop.ts";
import type { ModelMemory } from "./model_memory.ts";
import { ModelProbe } from "./model_probe.ts";
import { ModelRefresher } from "./model_refresher.ts";
import type { ModelStore } from "./model_store.ts";
import { provideOnnxRuntime, warmUpOnnxRuntime, WASM_RUNTIME } from "./onnx_runtime.ts";
import type { Registry } from "./registry.ts";
import { openModel, TrainingLists } from "./served_model.ts";

/**
 * Opens the models of a store one after another, the default model first, while the server answers requests. Each is opened in
 * a worker thread first, so that a graph with an endless loop blocks neither the server nor the other models.
 *
 * @param registry The names of the models.
 * @param wasm The bytes of ONNX Runtime Web's WebAssembly.
 * @param timeout How long a model may take to open in the worker, in seconds.
 * @returns What opens new versions in the same way.
 */
export async function openModels(
  registry: Registry,
  store: ModelStore,
  wasm: Uint8Array<ArrayBuffer>,
  timeout: number,
  memory?: ModelMemory,
): Promise<ModelRefresher> {
  const module = WebAssembly.compile(wasm);
  const lists = new TrainingLists(takeTurn);
  let warm: Promise<void> | undefined;
  /** Initialises ONNX Runtime in this thread, while the worker initialises its own. */
  const warmUp = async () => {
    provideOnnxRuntime(await module);
    await warmUpOnnxRuntime();
  };
  /** The worker, while models are opened. */
  let probe: ModelProbe | null = null;
  const refresher = new ModelRefresher(registry, store, {
    memory,
    async open(files, onBroken) {
      probe ??= new ModelProbe(module, timeout);
      await Promise.all([probe.check(files), warm ??= warmUp()]);
      return await openModel(files, WASM_RUNTIME, { onBroken, lists, memory, pause: takeTurn });
    },
    onEnd() {
      probe?.end();
      probe = null;
    },
  });
  await refresher.refresh();
  return refresher;
}
