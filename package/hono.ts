import { type Context, Hono } from "hono";
import { getRuntimeKey } from "hono/adapter";
import { routePath } from "hono/route";
import { type App, type AppOptions, createApp } from "../functions/app.ts";
import { setBasePath } from "../functions/base_path.ts";
import { type Models, openRegistry } from "./registry.ts";

/*
 * The entry `edgemore/hono`: the routes of the server, to mount in an application of one's own.
 */

export type { App as EdgemoreApp, Models };

/** Options of {@link edgemore}. */
export interface EdgemoreOptions extends Pick<AppOptions, "origins" | "token" | "log" | "bodyTimeout"> {
  /** The models: opened ones, or their files, which are then opened in the background. Each has its own name. */
  models: Models;
  /** The model for requests that name none. Default: "gru", else the first in alphabetical order. */
  defaultModel?: string;
}

/**
 * Makes the routes `/generate`, `/score`, `/next`, `/models`, `/health` and `/openapi.json` as a Hono application, to serve as it
 * is or to mount below a path. It answers all requests below this path, unknown ones with an error.
 *
 * @throws {RangeError} If two models have one name, or none has that of the default model.
 * @throws {TypeError} If a card is not one.
 *
 * @example
 * ```ts
 * import { readModels } from "edgemore";
 * import { edgemore } from "edgemore/hono";
 * import { Hono } from "hono";
 *
 * const app = new Hono();
 * app.route("/names", edgemore({ models: await readModels("models") }));
 * const answer = await app.request("/names/generate?n=3&seed=42");
 * ```
 */
export function edgemore({ models, defaultModel, ...options }: EdgemoreOptions): App {
  const registry = openRegistry(models, defaultModel);
  return mountable(createApp(registry, { ...options, runtime: getRuntimeKey(), mounted: true }));
}

/**
 * Wraps an application, so that `route` mounts it whole. By itself, `route` would copy its routes and leave its answers to unknown
 * paths and methods behind.
 */
function mountable(app: App): App {
  const wrapper = new Hono();
  wrapper.all("*", (context) => {
    const { raw } = context.req;
    setBasePath(raw, mountPath(context));
    return app.fetch(raw, context.env as object, executionContextOf(context));
  });
  return wrapper as unknown as App;
}

/** The beginning of the path that the wrapper is mounted at. */
function mountPath(context: Context): string {
  const segments = routePath(context).split("/").length - 1; // of "/names/*": "" and "names"
  return context.req.path.split("/").slice(0, segments).join("/");
}

/** What a Worker gives with a request; other runtimes have none, and Hono then throws. */
function executionContextOf(context: Context): Context["executionCtx"] | undefined {
  try {
    return context.executionCtx;
  } catch {
    return undefined;
  }
}
