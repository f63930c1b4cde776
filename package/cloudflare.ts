import {
  createWorker as createServer,
  RateLimitObject,
  type WaitUntil,
  type Worker,
  type WorkerEnvironment,
} from "../functions/runtimes/cloudflare.ts";
import { type ModelSource, readSource } from "./model_source.ts";

/*
 * The entry `edgemore/cloudflare`: the server as a Worker.
 */

export { type ModelSource, RateLimitObject, type WaitUntil, type Worker, type WorkerEnvironment };

/**
 * Makes a Worker that serves models. Call it in the global scope, where Cloudflare allows a second of CPU time: opening the models
 * takes some hundred milliseconds, and a request of the free plan may take only 10.
 *
 * @param wasm `onnxruntime-web/ort-wasm-simd-threaded.wasm`, which wrangler imports as a compiled module.
 * @param models The models: their cards and their ONNX files, which a rule of wrangler.toml imports as data.
 * @param environment `env` of `cloudflare:workers`: variables and secrets such as `EDGEMORE_TOKEN`, and the bindings
 * `RATE_LIMITER`, `STRICT_RATE_LIMITER` and `MODELS`, a bucket of further models, if the Worker has them.
 * @param waitUntil `waitUntil` of `cloudflare:workers`, so that a model which is opened for a request is opened to the end.
 * @throws {RangeError} If a setting is invalid.
 * @throws {TypeError} If a card is not one.
 *
 * @example
 * ```ts ignore
 * import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
 * import { env, waitUntil } from "cloudflare:workers";
 * import { createWorker } from "edgemore/cloudflare";
 * import card from "./models/towns.json";
 * import onnx from "./models/towns-cb481d77.onnx";
 *
 * export default await createWorker(wasm, [{ card, onnx }], env, waitUntil);
 * ```
 */
export async function createWorker(
  wasm: WebAssembly.Module,
  models: readonly ModelSource[],
  environment: WorkerEnvironment,
  waitUntil: WaitUntil,
): Promise<Worker> {
  const files = await Promise.all(models.map((model) => readSource(model)));
  return await createServer(wasm, files, environment, waitUntil);
}
