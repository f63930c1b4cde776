import { Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";

/*
 * Headers that are the same in every response. They are taken once from Hono's `secureHeaders` and `cors`, and
 * response_headers.ts sets them. As middleware, cors takes 34% of the CPU time of
 * `GET /score` more on Deno and 8% on workerd; secure-headers takes 4% on Deno, and on workerd less than can be measured.
 */

/** The names and values of headers. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** The headers that pages of other origins may read, in addition to those that CORS always allows. */
export const EXPOSED_HEADERS = ["ETag", "Edgemore-Seed", "Link", "Retry-After", "X-Request-Id"];

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

/** Sent over https: browsers then use https for half a year. */
export const STRICT_TRANSPORT_SECURITY = "max-age=15552000";

/** Access-Control-Allow-Origin, for pages of all origins. */
export const OPEN_CORS_HEADERS = await headersOf(cors());

async function headersOf(middleware: MiddlewareHandler): Promise<Headers> {
  const app = new Hono().use(middleware).get("/", (context) => context.body(null));
  return [...(await app.request("/")).headers];
}
