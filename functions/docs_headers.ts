/** Where the files of Swagger UI lie, beside its version: they never change. */
export const SWAGGER_UI = "swagger-ui-5.35.0";

/** The page of the API's documentation loads what is its own, and asks its own server. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:", // arrows and padlocks that stand in the style sheet
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const EVERY_FILE: Readonly<Record<string, string>> = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
};

/**
 * What `/docs` and its files are sent with, by the pattern of their paths, on every runtime. No path fits two patterns:
 * Cloudflare would send the headers of both.
 */
export const DOCS_HEADERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ["/docs", { ...EVERY_FILE, "Cache-Control": "no-cache" }],
  ["/docs/start.js", { ...EVERY_FILE, "Cache-Control": "no-cache" }],
  [`/docs/${SWAGGER_UI}/*`, { ...EVERY_FILE, "Cache-Control": "public, max-age=31536000, immutable" }],
]);
