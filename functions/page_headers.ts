/** The page loads from its own server and nowhere else, and runs nothing that stands in its HTML. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'", // ONNX Runtime Web compiles its WebAssembly
  "style-src 'self'",
  "img-src 'self'",
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

/** The headers of files, by the pattern of their paths. An asset's name has its hash, so it never changes. */
export const PAGE_HEADERS: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map([
  ["/", { ...EVERY_FILE, "Cache-Control": "no-cache" }],
  ["/assets/*", { ...EVERY_FILE, "Cache-Control": "public, max-age=31536000, immutable" }],
]);
