import { DOCS_HEADERS } from "./docs_headers.ts";
import { PAGE_HEADERS } from "./page_headers.ts";

/**
 * What the files of `build/page` are sent with, by the patterns of their paths: the Deno server sets these headers, and
 * `build_page.ts` writes them for Cloudflare's static assets.
 */
export const FILE_HEADERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ...PAGE_HEADERS,
  ...DOCS_HEADERS,
]);
