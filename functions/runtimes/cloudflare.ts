import { getConnInfo } from "hono/cloudflare-workers";
import { createApp } from "../app.ts";
import { provideOnnxRuntime } from "../inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "../inference/registry.ts";
import { CloudflareRateLimiter, type RateLimitBinding } from "./cloudflare/rate_limiter.ts";
import { readSettings, type SettingName } from "./settings.ts";

/** What wrangler.toml, the dashboard and secrets give a Worker. */
export type WorkerEnvironment = { readonly [Name in SettingName]?: string } & {
  readonly RATE_LIMITER?: RateLimitBinding;
};

/** What a Worker module exports. */
export interface Worker {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Makes the Worker. It is called in the global scope, where Cloudflare allows the half second of CPU that
 * sessions take to create; a request may have ten milliseconds.
 *
 * @param wasm ONNX Runtime Web's WebAssembly, imported as a compiled module.
 * @param models The models, imported as data; `build_worker.ts` writes the imports.
 */
export async function createWorker(
  wasm: WebAssembly.Module,
  models: ModelFiles[],
  environment: WorkerEnvironment,
): Promise<Worker> {
  provideOnnxRuntime(wasm);
  const { token, origins, rateLimit, serverTiming, log, bodyTimeout } = readSettings((name) =>
    environment[name]
  );
  const { RATE_LIMITER: binding } = environment;
  const app = createApp(await Registry.open(models), {
    runtime: "workerd",
    token,
    origins,
    serverTiming,
    bodyTimeout,
    // Nothing outlives a request here that could gather lines. Cloudflare's log takes one at a time, and reads JSON.
    log: log ? (line) => console.log(line) : undefined,
    rateLimit: binding !== undefined && rateLimit !== "off"
      ? {
        limiter: new CloudflareRateLimiter(binding),
        addressOf: (context) => getConnInfo(context).remote.address ?? "",
      }
      : undefined,
  });
  return { fetch: (request) => app.fetch(request) };
}
