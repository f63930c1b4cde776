import { OpenAPIHono } from "@hono/zod-openapi";
import type { Registry } from "./inference/registry.ts";
import { answerProblem, Problem } from "./problem.ts";
import { invalidParameters } from "./query.ts";
import * as generate from "./routes/generate.ts";
import * as health from "./routes/health.ts";
import * as modelFile from "./routes/model_file.ts";
import * as models from "./routes/models.ts";
import * as next from "./routes/next.ts";
import * as score from "./routes/score.ts";
import * as scoreMany from "./routes/score_many.ts";

/** What an entry knows that the application does not. */
export interface AppOptions {
  /** Where it runs, for `/health`. */
  runtime: string;
}

/**
 * The whole API as one Hono application. It knows no runtime: an entry gives it the models, and `fetch` to
 * its server.
 *
 * @param registry The models.
 */
// deno-lint-ignore explicit-module-boundary-types -- the routes' types, which a typed client takes, are inferred
export function createApp(registry: Registry, { runtime }: AppOptions) {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw invalidParameters(result.error);
    },
  });
  app.onError(answerProblem);
  app.notFound(({ req }) => {
    throw new Problem(
      "not-found",
      `There is no ${req.method} ${req.path} here; /openapi.json lists what there is`,
    );
  });
  app.doc31("/openapi.json", {
    openapi: "3.1.0",
    info: {
      title: "edgemore",
      version: "0.1.0",
      description: "Names made and scored by character-level language models.",
      license: { name: "MIT" },
    },
  });
  // The routes that a model answers read their queries themselves; see queryReader.
  for (const { route } of [generate, score, scoreMany]) app.openAPIRegistry.registerPath(route);
  return app
    .openapi(next.route, next.handler(registry))
    .openapi(models.listRoute, models.listHandler(registry))
    .openapi(models.cardRoute, models.cardHandler(registry))
    .openapi(modelFile.route, modelFile.handler(registry))
    .openapi(modelFile.knownRoute, modelFile.knownHandler(registry))
    .openapi(health.route, health.handler(registry, runtime))
    .get(generate.route.path, generate.handler(registry))
    .get(score.route.path, score.handler(registry))
    .post(scoreMany.route.path, scoreMany.handler(registry));
}
