import { startTensorFlow as start } from "../trainer/tensorflow.ts";
import { receivers } from "./tensorflow_receivers.ts";

/*
 * TensorFlow.js, an optional peer. In the package, what the trainer imports from it is set only here, when it is needed.
 */

/**
 * Loads and starts TensorFlow.js.
 *
 * @throws {Error} If it is not installed.
 */
export async function startTensorFlow(): Promise<void> {
  try {
    receive("@tensorflow/tfjs", await import("@tensorflow/tfjs"));
    receive("@tensorflow/tfjs-backend-wasm", await import("@tensorflow/tfjs-backend-wasm"));
  } catch (error) {
    throw new Error(
      "Cannot start TensorFlow.js, which this model needs: npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm " +
        `(${(error as Error).message})`,
    );
  }
  await start();
}

/** @param module Its exports; Node has all of a CommonJS module only as the default export. */
function receive(name: string, module: { default?: object }): void {
  receivers.get(name)?.(module.default ?? module);
}
