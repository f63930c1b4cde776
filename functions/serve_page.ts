import type { Env, Hono, MiddlewareHandler, Schema } from "hono";
import { etag } from "hono/etag";
import { PAGE_HEADERS } from "./page_headers.ts";

/**
 * Serves the page beside an application's routes, where a runtime does not do so by itself.
 *
 * @param files Answers with a file of `build/page`, or leaves the request to the next.
 */
export function servePage<E extends Env, S extends Schema>(app: Hono<E, S>, files: MiddlewareHandler): void {
  app.use("/", etag()); // the assets need none: they are kept for ever
  for (const [pattern, headers] of PAGE_HEADERS) {
    app.get(pattern, async (context, next) => {
      await next();
      if (context.res.status !== 200) return;
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
    }, files);
  }
}
