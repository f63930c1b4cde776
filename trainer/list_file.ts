import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { type List, parseList } from "./corpus.ts";
import { isUrl, readListBytes } from "./list_bytes.ts";

/** The list in this repository: names given in the United States in 2018. */
export const DEFAULT_LIST: string = fileURLToPath(new URL("./data/us-names-2018.txt", import.meta.url));

/**
 * Reads a list.
 *
 * @param source A path, or an http(s) URL.
 * @throws {Error} If it cannot be read, or is not a list; see {@link parseList}.
 */
export async function readList(source: string): Promise<List> {
  return await parseList(await readListBytes(source), fileName(source), source);
}

/** The last part of a path or a URL. */
function fileName(source: string): string {
  return basename(isUrl(source) ? new URL(source).pathname : source) || source;
}
