import { createRoute, type RouteHandler, z } from "@hono/zod-openapi";
import { etag } from "hono/etag";
import type { Registry } from "../inference/registry.ts";
import { MODEL_PROBLEMS } from "../problem.ts";

/** `GET /models/:name/model.onnx`: the model itself. */
export const route = createRoute({
  method: "get",
  path: "/models/{name}/model.onnx",
  summary: "Download a model",
  request: { params: z.object({ name: z.string().openapi({ example: "mlp" }) }) },
  middleware: etag(), // answers 304 by the tag that the handler sets
  responses: {
    200: {
      description: "The ONNX file: input `context`, int64 [batch, context_length]; output `log_probs`, " +
        "float32 [batch, vocabulary_size]",
      headers: z.object({
        etag: z.string().openapi({ description: "The SHA-256 of the file, as on the card, in quotes" }),
      }),
      content: {
        "application/octet-stream": { schema: z.string().openapi({ type: "string", format: "binary" }) },
      },
    },
    304: { description: "The file is that of the `If-None-Match`" },
    404: MODEL_PROBLEMS[404],
    503: MODEL_PROBLEMS[503],
  },
});

/** Answers `GET /models/:name/model.onnx` from a registry. */
export function handler(registry: Registry): RouteHandler<typeof route> {
  return (context) => {
    const { card, onnx } = registry.get(context.req.valid("param").name, "name");
    return context.body(onnx, 200, {
      "content-type": "application/octet-stream",
      "content-length": String(onnx.length),
      "cache-control": "no-cache",
      etag: `"${card.sha256}"`,
    });
  };
}
