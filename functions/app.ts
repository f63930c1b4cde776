import { OpenAPIHono, type z } from "@hono/zod-openapi";
import type { Registry } from "./inference/registry.ts";
import { answerProblem, type ParameterError, Problem } from "./problem.ts";
import * as generate from "./routes/generate.ts";
import * as health from "./routes/health.ts";
import * as modelFile from "./routes/model_file.ts";
import * as models from "./routes/models.ts";
import * as next from "./routes/next.ts";
import * as score from "./routes/score.ts";

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
      if (!result.success) throw Problem.ofParameters("invalid-parameter", parameterErrors(result.error));
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
  return app
    .openapi(generate.route, generate.handler(registry))
    .openapi(score.route, score.handler(registry))
    .openapi(next.route, next.handler(registry))
    .openapi(models.listRoute, models.listHandler(registry))
    .openapi(models.cardRoute, models.cardHandler(registry))
    .openapi(modelFile.route, modelFile.handler(registry))
    .openapi(health.route, health.handler(registry, runtime));
}

/** What a schema found wrong, parameter by parameter. */
function parameterErrors({ issues }: z.ZodError): ParameterError[] {
  return issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((parameter) => ({ parameter, message: issue.message }))
      : [{ parameter: issue.path.join("."), message: issue.message }]
  );
}
