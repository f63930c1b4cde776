import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { cors } from "hono/cors";
import type { Registry } from "./inference/registry.ts";
import { requireToken } from "./middleware/bearer_token.ts";
import { responseHeaders } from "./middleware/response_headers.ts";
import { notFound } from "./middleware/not_found.ts";
import { limitRate, type RateLimiter } from "./middleware/rate_limit.ts";
import { EXPOSED_HEADERS } from "./middleware/fixed_headers.ts";
import { openApiHandler } from "./routes/openapi.ts";
import { answerProblem } from "./problem.ts";
import { invalidParameters } from "./requests/query.ts";
import * as generate from "./routes/generate.ts";
import * as health from "./routes/health.ts";
import * as modelFile from "./routes/model_file.ts";
import * as models from "./routes/models.ts";
import * as next from "./routes/next.ts";
import * as score from "./routes/score.ts";
import * as scoreMany from "./routes/score_many.ts";

/** What an entry knows that the application does not. What is left out is not installed, and costs nothing. */
export interface AppOptions {
  /** Where it runs, for `/health`. */
  runtime: string;
  /** Takes a line of JSON about each request. */
  log?: (line: string) => void;
  /**
   * Sends `Server-Timing`. Cloudflare's clock stands still while a request is answered: there it says nothing. Default
   * false.
   */
  serverTiming?: boolean;
  /** The origins whose pages may read the answers. Default: all. */
  origins?: string[];
  /** Requires this bearer token on every route except `/health`. */
  token?: string;
  /** How long a body may keep the server waiting, in seconds. Default: 30. */
  bodyTimeout?: number;
  /** Who counts requests, and how it knows a client's address. */
  rateLimit?: { limiter: RateLimiter; addressOf: (context: Context) => string };
}

/** The application, as `hc<App>(address)` of `hono/client` wants to know it. */
export type App = ReturnType<typeof createApp>;

/**
 * The whole API as one Hono application. It knows no runtime: an entry gives it the models, and `fetch` to
 * its server.
 *
 * @param registry The models.
 */
// deno-lint-ignore explicit-module-boundary-types -- the routes' types, which a typed client takes, are inferred
export function createApp(registry: Registry, options: AppOptions) {
  const { runtime, log, serverTiming = false, origins, token, rateLimit, bodyTimeout } = options;
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidParameters(result.error);
    },
  });
  app.onError(answerProblem);
  app.notFound(notFound(app, origins));
  app.use(responseHeaders({ log, serverTiming, open: origins === undefined, closed: token !== undefined }));
  if (origins !== undefined) {
    const restricted = cors({ origin: origins, exposeHeaders: EXPOSED_HEADERS });
    app.use((context, next) => context.req.method === "OPTIONS" ? next() : restricted(context, next));
  }
  if (rateLimit !== undefined) app.use(limitRate(rateLimit.limiter, rateLimit.addressOf));
  if (token !== undefined) app.use(requireToken(token));
  app.get("/openapi.json", ...openApiHandler(app, token !== undefined));
  // The routes that a model answers read their queries themselves; see queryReader.
  for (const { route } of [generate, score, scoreMany, next]) app.openAPIRegistry.registerPath(route);
  return app
    .openapi(models.listRoute, models.listHandler(registry))
    .openapi(models.cardRoute, models.cardHandler(registry))
    .openapi(modelFile.route, modelFile.handler(registry))
    .openapi(modelFile.knownRoute, modelFile.knownHandler(registry))
    .openapi(health.route, health.handler(registry, runtime))
    .get(generate.route.path, generate.handler(registry))
    .get(score.route.path, score.handler(registry))
    .get(next.route.path, next.handler(registry))
    .post(scoreMany.route.path, scoreMany.handler(registry, bodyTimeout));
}
