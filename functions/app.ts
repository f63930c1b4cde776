import { OpenAPIHono } from "@hono/zod-openapi";
import type { Handler } from "hono";
import { cors } from "hono/cors";
import { getPath } from "hono/utils/url";
import type { Gather } from "../shared/distribution_cache/distribution_cache.ts";
import { basePathOf } from "./base_path.ts";
import type { Registry } from "./inference/registry.ts";
import { requireToken } from "./middleware/bearer_token.ts";
import { answerDirectly, type DirectHandler } from "./middleware/direct_routes.ts";
import { responseHeaders } from "./middleware/response_headers.ts";
import { notFound } from "./middleware/not_found.ts";
import { limitRate, type RateLimiting, requestCounter } from "./middleware/rate_limit.ts";
import { EXPOSED_HEADERS } from "./middleware/fixed_headers.ts";
import { openApiHandler } from "./routes/openapi.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { answerProblem } from "./problem.ts";
import * as generate from "./routes/generate.ts";
import * as jobRoutes from "./routes/jobs.ts";
import * as health from "./routes/health.ts";
import * as modelFile from "./routes/model_file.ts";
import { type LazyRoute, withoutSchemas } from "./routes/lazy_route.ts";
import * as models from "./routes/models.ts";
import * as next from "./routes/next.ts";
import * as score from "./routes/score.ts";
import * as scoreMany from "./routes/score_many.ts";

/** Options of {@link createApp}. Middleware for an option that is left out is not installed. */
export interface AppOptions {
  /** The name of the runtime, for `/health`. */
  runtime: string;
  /** Writes a line of the log, one for each request, in JSON. */
  log?: (line: string) => void;
  /**
   * Whether to send `Server-Timing`. On Cloudflare it is always 0, since the clock stands still during a request. Default
   * false.
   */
  serverTiming?: boolean;
  /** The origins whose pages may read responses. Default: all. */
  origins?: string[];
  /** Requires this bearer token on every route except `/health`. */
  token?: string;
  /** How long a request body may keep the server waiting, in seconds. Default: 30. */
  bodyTimeout?: number;
  /** Limits the requests of each client. */
  rateLimit?: RateLimiting;
  /** Lists that are scored in the background. */
  jobs?: Jobs;
  /**
   * Lets the runtime hand over the requests that it has received, so that those which need the model share its runs. Default: a
   * request does not wait for others.
   */
  gather?: Gather;
  /** Whether another application passes requests on whose paths begin with {@link basePathOf}. Default false. */
  mounted?: boolean;
}

/** The type of the application, for the typed client `hc<App>(address)` of `hono/client`. */
export type App = ReturnType<typeof createApp>;

/**
 * Makes the API as a Hono application that is independent of the runtime.
 *
 * @param registry The models.
 */
// deno-lint-ignore explicit-module-boundary-types -- the routes' types, which a typed client takes, are inferred
export function createApp(registry: Registry, options: AppOptions) {
  const {
    runtime,
    log,
    serverTiming = false,
    origins,
    token,
    rateLimit,
    bodyTimeout,
    jobs,
    gather,
    mounted,
  } = options;
  const pathOf = mounted
    ? (request: Request) => getPath(request).slice(basePathOf(request).length) || "/"
    : getPath;
  const app = new OpenAPIHono({ getPath: pathOf });
  app.onError(answerProblem);
  app.notFound(notFound(app, origins));
  const headers = responseHeaders({
    log,
    serverTiming,
    open: origins === undefined,
    closed: token !== undefined,
  });
  app.use(headers.middleware);
  if (origins !== undefined) {
    const restricted = cors({ origin: origins, exposeHeaders: EXPOSED_HEADERS });
    app.use((context, next) => context.req.method === "OPTIONS" ? next() : restricted(context, next));
  }
  if (rateLimit !== undefined) app.use(limitRate(rateLimit));
  if (token !== undefined) app.use(requireToken(token));
  const routes: LazyRoute[] = [
    generate.route,
    score.route,
    scoreMany.route,
    next.route,
    ...(jobs === undefined ? [] : jobRoutes.routes),
    models.listRoute,
    models.cardRoute,
    modelFile.route,
    modelFile.listRoute,
    health.route,
  ];
  app.get("/openapi.json", ...openApiHandler(app, routes, token !== undefined));
  if (jobs !== undefined) jobRoutes.addJobRoutes(app, registry, jobs, bodyTimeout);
  if (origins === undefined && token === undefined) {
    const count = rateLimit && requestCounter(rateLimit);
    const directly = (handler: Handler) => headers.around(handler as DirectHandler, count);
    const handlers = {
      [generate.route.path]: directly(generate.handler(registry, gather)),
      [score.route.path]: directly(score.handler(registry)),
    };
    app.fetch = answerDirectly(handlers, pathOf, app.fetch);
  }
  return app
    .openapi(withoutSchemas(models.listRoute), models.listHandler(registry))
    .openapi(withoutSchemas(models.cardRoute), models.cardHandler(registry))
    .openapi(withoutSchemas(modelFile.route), modelFile.handler(registry))
    .openapi(withoutSchemas(modelFile.listRoute), modelFile.listHandler(registry))
    .openapi(withoutSchemas(health.route), health.handler(registry, runtime))
    .get(generate.route.path, generate.handler(registry, gather))
    .get(score.route.path, score.handler(registry))
    .get(next.route.path, next.handler(registry))
    .post(scoreMany.route.path, scoreMany.handler(registry, bodyTimeout));
}
