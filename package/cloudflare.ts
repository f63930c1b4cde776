import { serve, type Worker, type WorkerEnvironment } from "../functions/runtimes/cloudflare.ts";
import { startOnnxRuntime } from "./model.ts";
import { type Models, openRegistry } from "./registry.ts";

/*
 * The entry `edgemore/cloudflare`: the server as a Worker.
 */

export type { Models, Worker, WorkerEnvironment };

/**
 * Makes a Worker that serves models. Call it in the global scope, where Cloudflare allows a second of CPU time: opening the models
 * takes some hundred milliseconds, and a request of the free plan may take only 10.
 *
 * @param wasm `onnxruntime-web/ort-wasm-simd-threaded.wasm`, which wrangler imports as a compiled module.
 * @param models The models: their cards and their ONNX files, which a rule of wrangler.toml imports as data.
 * @param environment The variables and secrets of the Worker, such as `EDGEMORE_TOKEN`, and a rate limiter `RATE_LIMITER`, if it
 * has one.
 * @throws {RangeError} If a setting is invalid, or two models have one name.
 *
 * @example
 * ```ts ignore
 * import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm";
 * import { env } from "cloudflare:workers";
 * import { createWorker } from "edgemore/cloudflare";
 * import card from "./models/towns.json";
 * import onnx from "./models/towns-cb481d77.onnx";
 *
 * export default await createWorker(wasm, [{ card, onnx }], env);
 * ```
 */
export async function createWorker(
  wasm: WebAssembly.Module,
  models: Models,
  environment: WorkerEnvironment = {},
): Promise<Worker> {
  await startOnnxRuntime(wasm);
  const { registry, opened } = openRegistry(models);
  await opened;
  return serve(registry, environment);
}
