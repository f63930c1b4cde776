import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";

/*
 * Headers that are the same on every answer. Hono's middleware says what they are, once; setting them costs
 * a third of what the middleware costs at each request.
 */

/** Names and values of headers. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** What a page of another origin may read, beside what every page may. */
export const EXPOSED_HEADERS = ["ETag", "Edgemore-Seed", "Retry-After", "X-Request-Id"];

/** The API sends no pages and no parts of pages, so a browser may load nothing for them. */
export const securityHeaders: MiddlewareHandler = secureHeaders({
  contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  crossOriginResourcePolicy: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  referrerPolicy: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
});

/** Content-Security-Policy and X-Content-Type-Options. */
export const SECURITY_HEADERS = await headersOf(securityHeaders);

/** Where the server is reached by https, it is never to be reached by http again, for half a year. */
export const STRICT_TRANSPORT_SECURITY = "max-age=15552000";

/** Pages of any origin may read the answers. */
export const OPEN_CORS_HEADERS = await headersOf(cors());

async function headersOf(middleware: MiddlewareHandler): Promise<Headers> {
  const app = new Hono().use(middleware).get("/", (context) => context.body(null));
  return [...(await app.request("/")).headers];
}
