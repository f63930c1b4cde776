import { type RouteHandler, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import { CARD_QUANTILES, modelCardSchema } from "../../shared/model_card.ts";
import { once } from "../../shared/once.ts";
import type { Registry, VersionedCard } from "../inference/registry.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { modelPath, pinProblem } from "./model_path.ts";
import { modelProblems } from "./problem_responses.ts";

const card = once(() =>
  z.object({
    ...modelCardSchema().shape,
    version: z.string().openapi({
      description:
        "The first digits of the SHA-256 of the card's file; they change with any file of the model",
    }),
  }).openapi("ModelCard")
);

const EXAMPLE_CARD: VersionedCard = {
  name: "bigram",
  noun: "names",
  architecture: "bigram",
  hyperparameters: { smoothing: 1 },
  parameters: 729,
  vocabulary: "abcdefghijklmnopqrstuvwxyz",
  context_length: 1,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  dataset: {
    name: "us-names-2018.txt",
    lines: 30_000,
    sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    split_seed: 42,
  },
  training: { steps: 0, batch_size: 0, seed: null, seconds: 0.1, loss_history: [] },
  nll: { train: 2.4533, dev: 2.4716, test: 2.4565 },
  nll_quantiles: Array.from({ length: CARD_QUANTILES }, (_, i) => 1.5 + i / 50),
  version: "4a7d1ed414474e40",
};

/** `GET /models`: the cards of the models that are ready. */
export const listRoute = lazyRoute("get", "/models", () => ({
  operationId: "listModels",
  tags: ["models"],
  summary: "List the models",
  responses: {
    200: {
      description: "The cards of the models that are ready; /health lists all, including broken ones",
      content: { "application/json": { schema: z.array(card()), example: [EXAMPLE_CARD] } },
    },
    304: { description: "The client has these cards, by `If-None-Match`" },
  },
}), etag());

/** `GET /models/:name`: one card. */
export const cardRoute = lazyRoute("get", "/models/{name}", () => ({
  operationId: "describeModel",
  tags: ["models"],
  summary: "Describe a model",
  request: { params: modelPath() },
  responses: {
    200: {
      description: "The model's card",
      content: { "application/json": { schema: card(), example: EXAMPLE_CARD } },
    },
    304: { description: "The client has this card, by `If-None-Match`" },
    400: pinProblem(),
    404: modelProblems()[404],
    503: modelProblems()[503],
  },
}), etag());

/** Makes the handler of `GET /models`. */
export function listHandler(registry: Registry): RouteHandler<RouteOf<typeof listRoute>> {
  return async (context) => {
    context.set("freshness", "revalidate");
    return context.json(await registry.cards(), 200);
  };
}

/** Makes the handler of `GET /models/:name`. */
export function cardHandler(registry: Registry): RouteHandler<RouteOf<typeof cardRoute>> {
  return async (context) => {
    const { card, version, pinned } = await registry.get(context.req.param("name"), "name");
    context.set("model", card.name);
    context.set("freshness", pinned ? "immutable" : "revalidate");
    return context.json({ ...card, version }, 200);
  };
}
