import { type RouteHandler, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { etag } from "hono/etag";
import type { Registry } from "../inference/registry.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { modelPath, pinProblem } from "./model_path.ts";
import { Problem } from "../problem.ts";
import { modelProblems } from "./problem_responses.ts";

const BINARY = "application/octet-stream";

/** `GET /models/:name/model.onnx`: the model itself. */
export const route = lazyRoute("get", "/models/{name}/model.onnx", () => ({
  operationId: "modelFile",
  tags: ["models"],
  summary: "Download a model",
  ...fileOf(
    "The ONNX file. A model with a window has the input `context`, int64 [batch, context_length], and the output " +
      "`log_probs`, float32 [batch, vocabulary_size]. A model with the `states` on its card has the inputs `tokens`, " +
      "int64 [batch, time], and `past.NAME`, and the outputs `log_probs`, float32 [batch, time, vocabulary_size], and " +
      "`present.NAME`",
  ),
}), etag()); // answers 304 by the tag that the handler sets

/** `GET /models/:name/training_names.txt`: the list that the model was trained on. */
export const listRoute = lazyRoute("get", "/models/{name}/training_names.txt", () => ({
  operationId: "trainingNames",
  tags: ["models"],
  summary: "Download the list that a model was trained on",
  ...fileOf("The list: UTF-8, one thing a line"),
}), etag()); // answers 304 by the tag that the handler sets

/** Answers `GET /models/:name/model.onnx` from a registry. */
export function handler(registry: Registry): RouteHandler<RouteOf<typeof route>> {
  return async (context) => {
    const { card, onnx, pinned } = await registry.get(context.req.param("name"), "name");
    return answerFile(context, onnx, card.sha256, pinned);
  };
}

/** Answers `GET /models/:name/training_names.txt` from a registry. */
export function listHandler(registry: Registry): RouteHandler<RouteOf<typeof listRoute>> {
  return async (context) => {
    const { card, trainingNames, pinned } = await registry.get(context.req.param("name"), "name");
    if (!trainingNames) throw new Problem("not-found", `Model ${card.name} came without its list`);
    return answerFile(context, trainingNames.list, card.dataset.sha256, pinned);
  };
}

function answerFile(
  context: Context,
  bytes: Uint8Array<ArrayBuffer>,
  sha256: string,
  pinned: boolean,
): Response {
  context.set("freshness", pinned ? "immutable" : "revalidate");
  return context.body(bytes, 200, {
    "content-type": BINARY,
    "content-length": String(bytes.length),
    etag: `"${sha256}"`,
  });
}

/** What both routes have in common. */
function fileOf(description: string) {
  return {
    request: { params: modelPath() },
    responses: {
      200: {
        description,
        headers: z.object({
          etag: z.string().openapi({ description: "The SHA-256 of the file, as on the card, in quotes" }),
        }),
        content: { [BINARY]: { schema: z.string().openapi({ type: "string", format: "binary" }) } },
      },
      304: { description: "The file is that of the `If-None-Match`" },
      400: pinProblem(),
      404: modelProblems()[404],
      503: modelProblems()[503],
    },
  };
}
