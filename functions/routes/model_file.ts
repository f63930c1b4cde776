import { createRoute, type RouteHandler, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { etag } from "hono/etag";
import type { Registry } from "../inference/registry.ts";
import { modelPath, PIN_PROBLEM } from "./model_path.ts";
import { Problem } from "../problem.ts";
import { MODEL_PROBLEMS } from "./problem_responses.ts";

const BINARY = "application/octet-stream";

/** `GET /models/:name/model.onnx`: the model itself. */
export const route = createRoute({
  method: "get",
  path: "/models/{name}/model.onnx",
  operationId: "modelFile",
  tags: ["models"],
  summary: "Download a model",
  ...fileOf(
    "The ONNX file. A model with a window has the input `context`, int64 [batch, context_length], and the output " +
      "`log_probs`, float32 [batch, vocabulary_size]. A model with the `states` on its card has the inputs `tokens`, " +
      "int64 [batch, time], and `past.NAME`, and the outputs `log_probs`, float32 [batch, time, vocabulary_size], and " +
      "`present.NAME`",
  ),
});

/** `GET /models/:name/training_names.txt`: the list that the model was trained on. */
export const listRoute = createRoute({
  method: "get",
  path: "/models/{name}/training_names.txt",
  operationId: "trainingNames",
  tags: ["models"],
  summary: "Download the list that a model was trained on",
  ...fileOf("The list: UTF-8, one thing a line"),
});

/** Answers `GET /models/:name/model.onnx` from a registry. */
export function handler(registry: Registry): RouteHandler<typeof route> {
  return async (context) => {
    const { card, onnx, pinned } = await registry.get(context.req.valid("param").name, "name");
    return answerFile(context, onnx, card.sha256, pinned);
  };
}

/** Answers `GET /models/:name/training_names.txt` from a registry. */
export function listHandler(registry: Registry): RouteHandler<typeof listRoute> {
  return async (context) => {
    const { card, trainingNames, pinned } = await registry.get(context.req.valid("param").name, "name");
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
    request: { params: modelPath },
    middleware: etag(), // answers 304 by the tag that the handler sets
    responses: {
      200: {
        description,
        headers: z.object({
          etag: z.string().openapi({ description: "The SHA-256 of the file, as on the card, in quotes" }),
        }),
        content: { [BINARY]: { schema: z.string().openapi({ type: "string", format: "binary" }) } },
      },
      304: { description: "The file is that of the `If-None-Match`" },
      400: PIN_PROBLEM,
      404: MODEL_PROBLEMS[404],
      503: MODEL_PROBLEMS[503],
    },
  };
}
