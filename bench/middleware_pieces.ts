import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { accepts } from "hono/accepts";
import { bearerAuth } from "hono/bearer-auth";
import { cors } from "hono/cors";
import { etag } from "hono/etag";
import { logger } from "hono/logger";
import { requestId as honoRequestId } from "hono/request-id";
import { endTime, startTime, timing } from "hono/timing";
import type { ServedModel } from "../functions/inference/registry.ts";
import { requireToken } from "../functions/middleware/bearer_token.ts";
import { allowCaching } from "../functions/middleware/caching.ts";
import {
  OPEN_CORS_HEADERS,
  SECURITY_HEADERS,
  securityHeaders,
} from "../functions/middleware/fixed_headers.ts";
import { requestId } from "../functions/middleware/request_id.ts";
import { logLine } from "../functions/middleware/request_log.ts";
import { responseHeaders } from "../functions/middleware/response_headers.ts";
import { queryReader } from "../functions/requests/query.ts";
import { query } from "../functions/routes/score.ts";
import { BODIES } from "./bare.ts";

/** The bearer token of the requests. */
export const TOKEN = "0123456789abcdef0123456789abcdef";

/** Middleware and then the handler. */
type Handlers = [...MiddlewareHandler[], Answer];
type Answer = (context: Context) => Response;

const answer: Answer = (context) => context.json(BODIES["/score"]);
const pass: MiddlewareHandler = (_, next) => next();
const lines: string[] = [];
/** Keeps some lines, like a buffer. */
const log = (line: string) => void (lines[lines.length % 1024] = line);
const model = { card: { name: "mlp", sha256: "0".repeat(64) }, version: "0".repeat(16), pinned: false };

/** Sets headers after the handler, as `response_headers.ts` does. */
function withHeaders(
  headers: (context: Context) => Iterable<readonly [name: string, value: string]>,
): Answer {
  return (context) => {
    const response = answer(context);
    for (const [name, value] of headers(context)) response.headers.set(name, value);
    return response;
  };
}

const timed: MiddlewareHandler = async (context, next) => {
  startTime(context, "app");
  await next();
  endTime(context, "app", 3);
};

const queryRoute = createRoute({
  method: "get",
  path: "/",
  request: { query: query.schema() },
  responses: { 200: { description: "", content: { "application/json": { schema: z.any() } } } },
});
const readQuery = queryReader(query);

/** The same done by our code, as the application calls it, and by Hono's. "openapi" is a route of OpenAPIHono. */
const PIECES: Record<string, { ours: Handlers; hono: Handlers | "openapi" }> = {
  "nothing, and a middleware that does nothing": { ours: [answer], hono: [pass, answer] },
  "all headers and the log": {
    ours: [responseHeaders({ log, serverTiming: true, open: true, closed: false }).middleware, answer],
    hono: [
      logger(log),
      timing({ total: false }),
      timed,
      honoRequestId(),
      securityHeaders,
      cors(),
      answer,
    ],
  },
  "request-id": {
    ours: [withHeaders(({ req }) => [["x-request-id", requestId(req.raw.headers.get("x-request-id"))]])],
    hono: [honoRequestId({ generator: () => requestId(null) }), answer],
  },
  "timing": {
    ours: [(context) => {
      const started = performance.now();
      const response = answer(context);
      response.headers.set("server-timing", `app;dur=${(performance.now() - started).toFixed(3)}`);
      return response;
    }],
    hono: [timing({ total: false }), timed, answer],
  },
  "secure-headers": {
    ours: [withHeaders(() => SECURITY_HEADERS)],
    hono: [securityHeaders, answer],
  },
  "cors": { ours: [withHeaders(() => OPEN_CORS_HEADERS)], hono: [cors(), answer] },
  "logger": {
    ours: [(context) => {
      const started = performance.now();
      const response = answer(context);
      const { method, path } = context.req;
      log(logLine("12345678-abc", method, path, response.status, performance.now() - started, "mlp"));
      return response;
    }],
    hono: [logger(log), answer],
  },
  "etag": {
    ours: [withHeaders((context) => {
      allowCaching(context, model as ServedModel, "json");
      return [["etag", context.get("etag")!]];
    })],
    hono: [etag(), answer],
  },
  "bearer-auth, without and with hashes": {
    ours: [requireToken(TOKEN), answer],
    hono: [bearerAuth({ token: TOKEN }), answer],
  },
  "accepts": {
    ours: [(context) => {
      const accept = context.req.header("accept");
      return accept?.includes("text/") ? context.text("") : answer(context);
    }],
    hono: [(context) => {
      const supports = ["application/json", "text/plain", "text/event-stream"];
      accepts(context, { header: "Accept", supports, default: supports[0] });
      return answer(context);
    }],
  },
  "validation by zod-openapi": {
    ours: [(context) => {
      readQuery(context);
      return answer(context);
    }],
    hono: "openapi",
  },
};

/** The names of the comparisons; {@link pieces} answers `/ours/I` and `/hono/I` for the I-th. */
export const PIECE_NAMES: readonly string[] = Object.keys(PIECES);

/** The application with the routes of all comparisons. */
export const pieces: OpenAPIHono = new OpenAPIHono();
PIECE_NAMES.forEach((name, i) => {
  for (const side of ["ours", "hono"] as const) {
    const handlers = PIECES[name][side];
    if (handlers === "openapi") {
      pieces.openapi({ ...queryRoute, path: `/${side}/${i}` }, (context) => {
        context.req.valid("query");
        return context.json(BODIES["/score"]);
      });
    } else pieces.on("GET", [`/${side}/${i}`], ...handlers as MiddlewareHandler[]);
  }
});
