import { createRoute, type RouteHandler, z } from "@hono/zod-openapi";
import { modelCardSchema } from "../../shared/model_card.ts";
import type { Registry } from "../inference/registry.ts";
import { MODEL_PROBLEMS } from "../problem.ts";

const card = z.object(modelCardSchema.shape).openapi("ModelCard");

/** `GET /models`: the cards of the models that answer. */
export const listRoute = createRoute({
  method: "get",
  path: "/models",
  summary: "List the models",
  responses: {
    200: {
      description: "The cards of the models that answer; /health tells of broken ones",
      content: { "application/json": { schema: z.array(card) } },
    },
  },
});

/** `GET /models/:name`: one card. */
export const cardRoute = createRoute({
  method: "get",
  path: "/models/{name}",
  summary: "Describe a model",
  request: { params: z.object({ name: z.string().openapi({ example: "mlp" }) }) },
  responses: {
    200: { description: "The model's card", content: { "application/json": { schema: card } } },
    404: MODEL_PROBLEMS[404],
    503: MODEL_PROBLEMS[503],
  },
});

/** Answers `GET /models` from a registry. */
export function listHandler(registry: Registry): RouteHandler<typeof listRoute> {
  return (context) => context.json(registry.cards(), 200);
}

/** Answers `GET /models/:name` from a registry. */
export function cardHandler(registry: Registry): RouteHandler<typeof cardRoute> {
  return (context) => context.json(registry.get(context.req.valid("param").name, "name").card, 200);
}
