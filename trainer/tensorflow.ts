import { ready, setBackend } from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";

/**
 * Starts TensorFlow.js with its WebAssembly backend. It runs on one thread, so that sums have a fixed order and a seed
 * always trains the same model.
 *
 * @throws {Error} If the backend does not start.
 */
export async function startTensorFlow(): Promise<void> {
  setThreadsCount(1);
  if (!await setBackend("wasm")) {
    throw new Error("Cannot train: TensorFlow.js's WebAssembly backend did not start");
  }
  await ready();
}
