/*
 * The headers of the static files in `build/page`, which are the page and the API's documentation. The Deno server sets
 * them, and `scripts/build_page.ts` writes them to a `_headers` file for Cloudflare.
 */

/** The directory of Swagger UI's files, named after its version so that they never change. */
export const SWAGGER_UI = "swagger-ui-5.35.0";

const REVALIDATE = "no-cache";
const IMMUTABLE = "public, max-age=31536000, immutable";

/** The page compiles the WebAssembly of ONNX Runtime Web and of the trainer, whose worker `script-src` allows too. */
const PAGE = { scripts: "'self' 'wasm-unsafe-eval'", images: "'self'" };
/** Swagger UI's style sheet contains images as data URLs. */
const DOCS = { scripts: "'self'", images: "'self' data:" };

/** Headers that allow a page to load files of its own server only, and no inline scripts. */
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
 * Headers by path pattern. No path matches two patterns, because Cloudflare would send the headers of both. The names of
 * assets contain their hashes, so an asset never changes.
 */
export const STATIC_FILE_HEADERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ["/", headers(PAGE, REVALIDATE)],
  ["/assets/*", headers(PAGE, IMMUTABLE)],
  ["/preview.png", headers(PAGE, REVALIDATE)],
  ["/readme.txt", headers(PAGE, REVALIDATE)],
  ["/docs", headers(DOCS, REVALIDATE)],
  ["/docs/docs.css", headers(DOCS, REVALIDATE)],
  ["/docs/start.js", headers(DOCS, REVALIDATE)],
  [`/docs/${SWAGGER_UI}/*`, headers(DOCS, IMMUTABLE)],
]);
