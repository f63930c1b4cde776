import type { MiddlewareHandler } from "hono";
import { serveStatic } from "hono/serve-static";
import { join } from "node:path";

/**
 * Serves the files of a directory, compressed where a compressed copy lies beside them and the client takes it.
 *
 * Hono's own for Deno opens a file and its compressed copy, sends one, and never closes the other: after some hundred
 * requests the process has no files left. Here a file is opened when it is read.
 *
 * @param rewriteRequestPath The path of a file, by that of the request.
 */
export function staticFiles(root: string, rewriteRequestPath: (path: string) => string): MiddlewareHandler {
  const isDir = (path: string) => isThere(path, "isDirectory");
  const getContent = async (path: string) => await isThere(path, "isFile") ? contentOf(path) : null;
  return serveStatic({ root, precompressed: true, rewriteRequestPath, join, isDir, getContent });
}

/** Whether there is something of a kind. A path that the system does not take, such as a very long one, has nothing. */
async function isThere(path: string, kind: "isFile" | "isDirectory"): Promise<boolean> {
  return await Deno.stat(path).then((info) => info[kind], () => false);
}

/** The content of a file that is opened at the first read, and closed at the end or when the rest is not wanted. */
function contentOf(path: string): ReadableStream<Uint8Array> {
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
