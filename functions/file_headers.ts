/*
 * What the files of `build/page` are sent with, the page and the API's documentation, on every runtime: the Deno server
 * sets these headers, and `build_page.ts` writes them for Cloudflare's static assets.
 */

/** Where the files of Swagger UI lie, beside its version: they never change. */
export const SWAGGER_UI = "swagger-ui-5.35.0";

const ASKED_EVERY_TIME = "no-cache";
const FOR_EVER = "public, max-age=31536000, immutable";

/** The page compiles ONNX Runtime Web's WebAssembly. */
const PAGE = { scripts: "'self' 'wasm-unsafe-eval'", images: "'self'" };
/** Arrows and padlocks stand in Swagger UI's style sheet. */
const DOCS = { scripts: "'self'", images: "'self' data:" };

/** A file loads from its own server and nowhere else, and runs nothing that stands in its HTML. */
function headers({ scripts, images }: typeof PAGE, cacheControl: string): Readonly<Record<string, string>> {
  return {
    "Content-Security-Policy": [
      "default-src 'none'",
      `script-src ${scripts}`,
      "style-src 'self'",
      `img-src ${images}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ].join("; "),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": cacheControl,
  };
}

/**
 * The headers of files, by the patterns of their paths. No path fits two patterns: Cloudflare would send the headers of
 * both. An asset's name has its hash, so it never changes.
 */
export const FILE_HEADERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ["/", headers(PAGE, ASKED_EVERY_TIME)],
  ["/assets/*", headers(PAGE, FOR_EVER)],
  ["/docs", headers(DOCS, ASKED_EVERY_TIME)],
  ["/docs/start.js", headers(DOCS, ASKED_EVERY_TIME)],
  [`/docs/${SWAGGER_UI}/*`, headers(DOCS, FOR_EVER)],
]);
