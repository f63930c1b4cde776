import type { Context, MiddlewareHandler } from "hono";
import { continueWith } from "../../shared/continue_with.ts";
import { answerProblem, Problem } from "../problem.ts";
import { cacheControl } from "./caching.ts";
import type { DirectHandler } from "./direct_routes.ts";
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
/** The longest URL, in UTF-16 units: ten times what any route needs, a quarter of what the runtimes accept. */
const MAX_URL_LENGTH = 8192;

/** Options of {@link responseHeaders}. */
export interface ResponseHeadersOptions {
  /** Writes a line of the log. Default: no log. */
  log?: (line: string) => void;
  /** Whether to send `Server-Timing`. */
  serverTiming: boolean;
  /** Whether pages of all origins may read responses. */
  open: boolean;
  /** Whether requests need a token, so that responses are private. */
  closed: boolean;
}

/** The headers and the log, as {@link responseHeaders} makes them. */
export interface ResponseHeaders {
  /** Middleware that sets the headers of every response and logs the request. */
  middleware: MiddlewareHandler;
  /**
   * Makes a handler of GET that does the same, for a route without middleware.
   *
   * @param check Called before the handler; it may throw, or be rejected.
   */
  around(handler: DirectHandler, check?: (context: Context) => void | Promise<void>): DirectHandler;
}

/**
 * Makes the middleware that sets the headers of every response and logs the request.
 *
 * Hono's middleware for the same (logger, timing, request-id, secure-headers, cors) takes 53% of the CPU time of `GET /score`
 * more on Deno, 32% on workerd: each awaits the next, and an empty middleware alone takes 6% on Deno and 5% on workerd.
 * All such figures here are from `deno task bench middleware`. They are CPU time, not requests a second, which vary too much.
 * timing alone takes 11% more on Deno and 5% on workerd; the others' figures are beside what replaces them.
 */
export function responseHeaders(
  { log, serverTiming, open, closed }: ResponseHeadersOptions,
): ResponseHeaders {
  const fixed = open ? [...SECURITY_HEADERS, ...OPEN_CORS_HEADERS] : SECURITY_HEADERS;
  const timed = serverTiming || log !== undefined;
  return {
    async middleware(context, next) {
      const request = begin(context);
      if (request.refusal === undefined) await next();
      else context.res = answerProblem(request.refusal, context);
      if (request.method === "HEAD") await setContentLength(context);
      const { headers } = context.res;
      if (!headers.has("content-security-policy")) setFixed(headers, request); // static files have their own
      finish(context, context.res, request);
    },
    around: (handler, check = () => {}) => (context) => {
      const request = begin(context);
      const end = (response: Response) => {
        setFixed(response.headers, request);
        return finish(context, response, request);
      };
      const fail = (error: Error) => end(answerProblem(error, context));
      try {
        if (request.refusal !== undefined) throw request.refusal;
        const response = continueWith(check(context), () => handler(context));
        return response instanceof Promise ? response.then(end, fail) : end(response);
      } catch (error) {
        return fail(error as Error);
      }
    },
  };

  /** Reads what is needed of a request, each property once: it is a call of the runtime's own code. */
  function begin({ req: { raw } }: Context): BegunRequest {
    const { url, method, headers } = raw;
    const started = timed ? performance.now() : 0;
    const id = requestId(headers.get("x-request-id"));
    return { url, method, given: headers, started, id, refusal: urlProblem(url, headers.get("host")) };
  }

  /** Sets the headers that do not depend on the response. */
  function setFixed(headers: Headers, { given }: BegunRequest): void {
    for (const [name, value] of fixed) headers.set(name, value);
    // Only needed by pages of other origins, and each header takes time.
    if (open && given.get("origin") !== null) headers.set("access-control-expose-headers", EXPOSED);
  }

  /** Sets the other headers of a response, and logs the request. */
  function finish(context: Context, response: Response, request: BegunRequest): Response {
    const { url, method, started, id } = request;
    const { headers, status } = response;
    if (url.startsWith("https:")) headers.set("strict-transport-security", STRICT_TRANSPORT_SECURITY);
    headers.set("x-request-id", id);
    const vary = context.get("vary");
    if (vary !== undefined) headers.append("vary", vary);
    const etag = status < 400 ? context.get("etag") : undefined;
    if (etag !== undefined) headers.set("etag", etag);
    if (context.get("freshness") !== undefined || !headers.has("cache-control")) {
      headers.set("cache-control", cacheControl(context, status, closed));
    }
    if (!timed) return response;
    const milliseconds = performance.now() - started;
    if (serverTiming) headers.set("server-timing", `app;dur=${milliseconds.toFixed(3)}`);
    if (log === undefined) return response;
    const { path } = context.req;
    const model = context.get("model");
    const namesSent = context.get("namesSent");
    if (namesSent === undefined) log(logLine(id, method, path, status, milliseconds, model));
    else {
      void namesSent.then((names) => {
        log(logLine(id, method, path, status, performance.now() - started, model, names));
      });
    }
    return response;
  }
}

/** A request that is being answered. */
interface BegunRequest {
  url: string;
  method: string;
  /** Its headers. */
  given: Headers;
  /** When it began, as `performance.now()`. */
  started: number;
  id: string;
  /** Why it is refused. */
  refusal: Problem | undefined;
}

/** Checks the URL before the route is called: 414 if it is too long, 400 if the host is invalid. */
function urlProblem(url: string, host: string | null): Problem | undefined {
  const { length } = url;
  if (length <= MAX_URL_LENGTH) return hostProblem(url, host);
  const detail = `The address must be at most ${MAX_URL_LENGTH} characters long, is ${length}`;
  return new Problem("uri-too-long", detail);
}

/** Sets Content-Length on HEAD, except for streams. */
async function setContentLength(context: Context): Promise<void> {
  const { headers, body } = context.res;
  if (
    body === null || !/^(application\/(problem\+)?json|text\/plain)/.test(headers.get("content-type") ?? "")
  ) return;
  const bytes = await context.res.clone().arrayBuffer();
  context.header("content-length", String(bytes.byteLength));
}
