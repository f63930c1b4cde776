import type { Env, Hono, MiddlewareHandler, Schema } from "hono";
import { etag } from "hono/etag";
import { FILE_HEADERS } from "../../file_headers.ts";

/**
 * Serves the page and the API's documentation beside an application's routes, where a runtime does not do so by itself.
 *
 * @param files Answers with a file of `build/page`, or leaves the request to the next.
 */
export function serveFiles<E extends Env, S extends Schema>(app: Hono<E, S>, files: MiddlewareHandler): void {
  for (const [pattern, headers] of FILE_HEADERS) {
    // What is kept for ever is never asked for again, so it needs no tag.
    if (headers["Cache-Control"] === "no-cache") app.get(pattern, etag());
    app.get(pattern, async (context, next) => {
      await next();
      if (context.res.status !== 200) return;
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
    }, files);
  }
}
