import { ready, setBackend } from "@tensorflow/tfjs";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";

/**
 * Starts TensorFlow.js on its WebAssembly backend, on one thread: sums are then always taken in the same
 * order, so that the same seed trains the same model.
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
