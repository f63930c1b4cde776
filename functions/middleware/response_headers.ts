import type { Context, MiddlewareHandler } from "hono";
import { answerProblem, Problem } from "../problem.ts";
import { cacheControl } from "./caching.ts";
import { hostProblem } from "./host.ts";
import { requestId } from "./request_id.ts";
import { logLine } from "./request_log.ts";
import {
  EXPOSED_HEADERS,
  OPEN_CORS_HEADERS,
  SECURITY_HEADERS,
  STRICT_TRANSPORT_SECURITY,
} from "./fixed_headers.ts";

const EXPOSED = EXPOSED_HEADERS.join(",");
/** The longest address: ten times what any route needs, a quarter of what runtimes take. */
const MAX_URL_LENGTH = 8192;

/** What every answer's headers and log line depend on. */
export interface ResponseHeadersOptions {
  /** Takes a line of JSON about each request. Default: nobody. */
  log?: (line: string) => void;
  /** Whether the time that an answer took goes with it. */
  serverTiming: boolean;
  /** Whether pages of every origin may read the answers. */
  open: boolean;
  /** Whether a token is asked for. */
  closed: boolean;
}

/**
 * What every answer has, in one pass: the id of its request, how it may be kept, what a browser may do with it, and
 * its line in the log.
 *
 * Hono has a middleware for each of these. All of them together take longer than the rest of a request does, for each
 * waits for the next, and sets again what never changes; see ARCHITECTURE.md.
 */
export function responseHeaders(
  { log, serverTiming, open, closed }: ResponseHeadersOptions,
): MiddlewareHandler {
  const fixed = open ? [...SECURITY_HEADERS, ...OPEN_CORS_HEADERS] : SECURITY_HEADERS;
  const timed = serverTiming || log !== undefined;
  return async (context, next) => {
    const { raw } = context.req;
    const started = timed ? performance.now() : 0;
    const id = requestId(raw.headers.get("x-request-id"));
    const refusal = addressProblem(raw);
    if (refusal === undefined) await next();
    else context.res = answerProblem(refusal, context);
    if (raw.method === "HEAD") await sayLength(context);
    const { headers, status } = context.res;
    // A page and its files bring their own.
    if (!headers.has("content-security-policy")) {
      for (const [name, value] of fixed) headers.set(name, value);
      // Only a page of another origin needs telling, and each header costs.
      if (open && raw.headers.get("origin") !== null) headers.set("access-control-expose-headers", EXPOSED);
    }
    if (raw.url.startsWith("https:")) headers.set("strict-transport-security", STRICT_TRANSPORT_SECURITY);
    headers.set("x-request-id", id);
    const vary = context.get("vary");
    if (vary !== undefined) headers.append("vary", vary);
    const etag = status < 400 ? context.get("etag") : undefined;
    if (etag !== undefined) headers.set("etag", etag);
    if (context.get("freshness") !== undefined || !headers.has("cache-control")) {
      headers.set("cache-control", cacheControl(context, closed));
    }
    if (!timed) return;
    const milliseconds = performance.now() - started;
    if (serverTiming) headers.set("server-timing", `app;dur=${milliseconds.toFixed(3)}`);
    if (log === undefined) return;
    const { method, path } = context.req;
    const model = context.get("model");
    const namesSent = context.get("namesSent");
    if (namesSent === undefined) log(logLine(id, method, path, status, milliseconds, model));
    else {
      void namesSent.then((names) => {
        log(logLine(id, method, path, status, performance.now() - started, model, names));
      });
    }
  };
}

/** What is wrong with a request's address, before its route is asked: 414 if it is too long, 400 if its host is none. */
function addressProblem(request: Request): Problem | undefined {
  const { length } = request.url;
  if (length <= MAX_URL_LENGTH) return hostProblem(request);
  const detail = `The address must be at most ${MAX_URL_LENGTH} characters long, is ${length}`;
  return new Problem("uri-too-long", detail);
}

/** Sets Content-Length on HEAD, except for streams. */
async function sayLength(context: Context): Promise<void> {
  const { headers, body } = context.res;
  if (
    body === null || !/^(application\/(problem\+)?json|text\/plain)/.test(headers.get("content-type") ?? "")
  ) return;
  const bytes = await context.res.clone().arrayBuffer();
  context.header("content-length", String(bytes.byteLength));
}
