import { type Signal, signal } from "@preact/signals";
import { type ApiFetch, fetchPinned } from "./edge_runtime.ts";
import { Failure } from "./failure.ts";
import { type BrowserRuntime, type Runtime, RUNTIME_NAMES } from "./page_state.ts";
import { isLocal, nameOf } from "./train/local_reference.ts";

/** What is being loaded into the browser, in words; "" while nothing is. */
export const loading: Signal<string> = signal("");

/** The models that run in this browser, by name and runtime: each is opened once. */
const opened = new Map<string, Promise<ApiFetch>>();

/**
 * Opens a runtime for a model. In the browser, the first call loads it.
 *
 * @param model Its name, or "" if it is not known yet or the requests are about no model.
 * @throws {Failure} If it cannot run here.
 */
export function openRuntime(runtime: Runtime, model: string): Promise<ApiFetch> {
  if (runtime === "edge") return Promise.resolve((path, signal) => fetchPinned(path, model, signal));
  const key = `${model} ${runtime}`;
  const open = opened.get(key) ?? openInBrowser(runtime, model);
  opened.set(key, open);
  open.catch(() => opened.delete(key)); // the next call tries again
  return open;
}

/** Downloads what runs models in this browser before it is asked for, so that it is there without a connection. */
export function prepareRuntime(): void {
  import("./browser_runtime.ts").then(({ downloadedWasm }) => downloadedWasm("wasm")).catch(() => {}); // asked for again
}

/** Closes a model that was opened in the browser: there is another one of its name, or none. */
export function closeRuntime(model: string): void {
  for (const key of opened.keys()) if (key.startsWith(`${model} `)) opened.delete(key);
}

async function openInBrowser(runtime: BrowserRuntime, model: string): Promise<ApiFetch> {
  try {
    loading.value = `Loading ONNX Runtime and the model ${nameOf(model)} …`;
    const { openModel } = await import("./browser_runtime.ts").catch(() =>
      Promise.reject(Failure.unreachable())
    );
    return await openModel(runtime, model);
  } catch (error) {
    const subject = isLocal(model) ? nameOf(model) : RUNTIME_NAMES[runtime];
    const message = `${subject} cannot run here: ${Failure.from(error).message}`;
    throw new Failure(message, [], undefined, runtime === "webgpu" ? "wasm" : undefined);
  } finally {
    loading.value = "";
  }
}
