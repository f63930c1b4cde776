import type { RouteConfig } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { once } from "../../shared/once.ts";

/** A route that is described when it is first asked how: a start needs no schema, and a running server few. */
export interface LazyRoute<Route extends RouteConfig = RouteConfig, Path extends string = string> {
  readonly method: RouteConfig["method"];
  readonly path: Path;
  readonly middleware?: MiddlewareHandler;
  /** Describes the route for the OpenAPI document, with the schemas of what it reads and answers. */
  readonly describe: () => Route;
}

/** The type of a lazy route's description, from which the types of its handler and of a typed client are taken. */
export type RouteOf<Lazy extends LazyRoute> = ReturnType<Lazy["describe"]>;

/**
 * Makes a route whose description is made when it is first asked for.
 *
 * @param path The path, with parameters as in OpenAPI: `/models/{name}`.
 * @param describe Describes the rest of the route.
 * @param middleware Middleware of the route alone.
 */
export function lazyRoute<
  Method extends RouteConfig["method"],
  Path extends string,
  Rest extends Omit<RouteConfig, "method" | "path">,
>(
  method: Method,
  path: Path,
  describe: () => Rest,
  middleware?: MiddlewareHandler,
): LazyRoute<Rest & { method: Method; path: Path }, Path> {
  return { method, path, middleware, describe: once(() => ({ method, path, ...describe() })) };
}

/**
 * A route as `OpenAPIHono.openapi` needs it to route requests, but typed by its description, from which a typed client takes its
 * types. The handler has to check what it reads, since Hono does not see the schemas; `openApiHandler` registers them.
 */
export function withoutSchemas<Route extends RouteConfig>(
  { method, path, middleware }: LazyRoute<Route>,
): Route {
  return { method, path, middleware, hide: true } as RouteConfig as Route;
}
