import type { Context, Hono, NotFoundHandler } from "hono";
import { cors } from "hono/cors";
import { methodNotAllowed } from "hono/method-not-allowed";
import { basePathOf } from "../base_path.ts";
import { answerProblem, Problem } from "../problem.ts";
import { EXPOSED_HEADERS } from "./fixed_headers.ts";

/** How long a browser may cache the response to a preflight request, in seconds. */
const PREFLIGHT_MAX_AGE = 86_400;

/**
 * Answers requests that match no route: 204 to OPTIONS and 405 to another method if the path has routes for other methods, and
 * else 404. It uses Hono's `methodNotAllowed` and `cors`, at no cost to requests that match a route.
 *
 * @param origins The origins whose pages may read responses. Default: all.
 */
export function notFound(app: Pick<Hono, "routes">, origins: string[] | undefined): NotFoundHandler {
  const allowed = methodNotAllowed({
    app: app as Hono,
    onMethodNotAllowed: async (context, methods) => {
      const allow = methods.includes("GET") ? [...methods, "OPTIONS"] : methods;
      if (context.req.method !== "OPTIONS") {
        const detail = `${pathOf(context)} answers ${allow.join(", ")}, not ${context.req.method}`;
        return answerProblem(
          new Problem("method-not-allowed", detail, [], { allow: allow.join(", ") }),
          context,
        );
      }
      const answer = await cors({
        origin: origins ?? "*",
        allowMethods: allow,
        exposeHeaders: EXPOSED_HEADERS,
        maxAge: PREFLIGHT_MAX_AGE,
      })(context, async () => {});
      const response = answer as Response;
      response.headers.set("allow", allow.join(", "));
      return response;
    },
  });
  return async (context) => {
    const { method, raw } = context.req;
    await allowed(context, () => {
      const detail = `There is no ${method} ${pathOf(context)} here; ${
        basePathOf(raw)
      }/openapi.json lists what there is`;
      context.res = answerProblem(new Problem("not-found", detail), context);
      return Promise.resolve();
    });
    return context.res;
  };
}

/** The path as the client wrote it. */
function pathOf({ req }: Context): string {
  return basePathOf(req.raw) + req.path;
}
