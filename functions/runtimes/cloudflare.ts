import { getConnInfo } from "hono/cloudflare-workers";
import { createApp } from "../app.ts";
import { provideOnnxRuntime } from "../inference/onnx_runtime.ts";
import { type ModelFiles, Registry } from "../inference/registry.ts";
import { CloudflareRateLimiter, type RateLimitBinding } from "./cloudflare/rate_limiter.ts";
import { readSettings, type SettingName } from "./settings.ts";

/** The bindings of the Worker: variables of wrangler.toml and the dashboard, secrets, and the rate limiter. */
export type WorkerEnvironment = { readonly [Name in SettingName]?: string } & {
  readonly RATE_LIMITER?: RateLimitBinding;
};

/** What a Worker module exports. */
export interface Worker {
  fetch(request: Request): Response | Promise<Response>;
}

/**
 * Makes the Worker. It must be called in the global scope, where Cloudflare allows a second of CPU time: creating the
 * sessions takes half of it, and a request may take only 10 ms.
 *
 * @param wasm ONNX Runtime Web's WebAssembly, imported as a compiled module.
 * @param models The models, imported as data by the entry that `scripts/build_worker.ts` writes.
 */
export async function createWorker(
  wasm: WebAssembly.Module,
  models: ModelFiles[],
  environment: WorkerEnvironment,
): Promise<Worker> {
  provideOnnxRuntime(wasm);
  return serve(await Registry.open(models), environment);
}

/** Makes the Worker that serves models, with the settings of its environment. */
export function serve(registry: Registry, environment: WorkerEnvironment): Worker {
  const { token, origins, rateLimit, serverTiming, log = true, bodyTimeout } = readSettings((name) =>
    environment[name]
  );
  const { RATE_LIMITER: binding } = environment;
  const app = createApp(registry, {
    runtime: "workerd",
    token,
    origins,
    serverTiming,
    bodyTimeout,
    // Not buffered: no timer outlives a request here. Cloudflare's log parses lines of JSON.
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
