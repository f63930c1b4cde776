import { type Context, Hono } from "hono";
import { getRuntimeKey } from "hono/adapter";
import { routePath } from "hono/route";
import { type App, type AppOptions, createApp } from "../functions/app.ts";
import { setBasePath } from "../functions/base_path.ts";
import { Registry } from "../functions/inference/registry.ts";
import { Model, openModel } from "./core.ts";
import { type ModelSource, servedModelOf } from "./model.ts";
import { nameOfSource } from "./model_source.ts";

/*
 * The entry `edgemore/hono`: the routes of the server, to mount in an application of one's own.
 */

/** The routes with their types, for the typed client `hc` of `hono/client`. */
export type EdgemoreApp = App;

/** Options of {@link edgemore}. */
export interface EdgemoreOptions extends Pick<AppOptions, "origins" | "token" | "log" | "bodyTimeout"> {
  /** The models: opened ones, or their files, which are then opened in the background. Each has its own name. */
  models: Iterable<Model | ModelSource>;
  /** The model for requests that name none. Default: "gru", else the first in alphabetical order. */
  defaultModel?: string;
}

/**
 * Makes the routes `/generate`, `/score`, `/next`, `/models`, `/health` and `/openapi.json` as a Hono application, to serve as it
 * is or to mount below a path. All that begins with this path is answered by it, errors included.
 *
 * @throws {RangeError} If two models have one name, or none that of the default model.
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
export function edgemore({ models, defaultModel, ...options }: EdgemoreOptions): EdgemoreApp {
  const byName = new Map<string, Model | ModelSource>();
  for (const model of models) {
    const name = model instanceof Model ? model.name : nameOfSource(model);
    if (byName.has(name)) throw new RangeError(`Cannot serve two models of the name ${name}`);
    byName.set(name, model);
  }
  const registry = new Registry(byName.keys(), defaultModel);
  void openAll(registry, byName);
  return mountable(createApp(registry, { ...options, runtime: getRuntimeKey(), mounted: true }));
}

/** Opens the models that are not open yet, one after the other. The registry keeps and tells errors. */
async function openAll(registry: Registry, models: Map<string, Model | ModelSource>): Promise<void> {
  const opened = registry.names.filter((name) => models.get(name) instanceof Model);
  for (const name of [...opened, ...registry.names.filter((name) => !opened.includes(name))]) {
    const model = models.get(name)!;
    await registry.add(
      name,
      async () => servedModelOf(model instanceof Model ? model : await openModel(model)),
    );
  }
}

/**
 * Wraps an application, so that `route` mounts it whole. By itself, `route` would copy its routes and leave its answers to unknown
 * paths and methods behind.
 */
function mountable(app: App): EdgemoreApp {
  const wrapper = new Hono();
  wrapper.all("*", (context) => {
    const { raw } = context.req;
    setBasePath(raw, mountPath(context));
    return app.fetch(raw, context.env as object, executionContextOf(context));
  });
  return wrapper as unknown as EdgemoreApp;
}

/** The beginning of the path that the wrapper is mounted at. */
function mountPath(context: Context): string {
  const segments = routePath(context).split("/").length - 2; // of "/names/*": "", "names", "*"
  return context.req.path.split("/").slice(0, segments + 1).join("/");
}

/** What a Worker gives with a request; other runtimes have none, and Hono then throws. */
function executionContextOf(context: Context): Context["executionCtx"] | undefined {
  try {
    return context.executionCtx;
  } catch {
    return undefined;
  }
}
