import type { Env, Hono, Schema } from "hono";
import { etag } from "hono/etag";
import { serveStatic } from "hono/serve-static";
import { join } from "node:path";
import { STATIC_FILE_HEADERS } from "../static_file_headers.ts";

/**
 * Adds routes for the static files of a directory: the page and the API's documentation. A compressed copy beside a file is
 * sent if the client accepts it. On Cloudflare, static assets do this.
 *
 * Hono's `serveStatic` of `hono/deno` opens both a file and its compressed copy, sends one and never closes the other, so
 * the process runs out of file descriptors. This one opens a file when its body is first read.
 *
 * @param root The directory, `build/page`.
 */
export function serveStaticFiles<E extends Env, S extends Schema>(app: Hono<E, S>, root: string): void {
  const files = serveStatic({
    root,
    precompressed: true,
    rewriteRequestPath: (path) => path === "/docs" ? "/docs.html" : path,
    join,
    isDir: (path) => is("isDirectory", path),
    getContent: async (path) => await is("isFile", path) ? openWhenRead(path) : null,
  });
  for (const [pattern, headers] of STATIC_FILE_HEADERS) {
    // Immutable files are never revalidated, so they need no ETag.
    if (headers["Cache-Control"] === "no-cache") app.get(pattern, etag());
    app.get(pattern, async (context, next) => {
      await next();
      if (context.res.status !== 200) return;
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
    }, files);
  }
}

/** Whether a path is a file or a directory; false if the system refuses the path, for example as too long. */
async function is(kind: "isFile" | "isDirectory", path: string): Promise<boolean> {
  return await Deno.stat(path).then((info) => info[kind], () => false);
}

/** The content of a file, opened at the first read and closed at the end or on cancel. */
function openWhenRead(path: string): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream({
    async pull(controller) {
      reader ??= (await Deno.open(path)).readable.getReader();
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await reader?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
