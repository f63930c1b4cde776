import { type RouteHandler, z } from "@hono/zod-openapi";
import { once } from "../../shared/once.ts";
import { type Registry, RETRY_AFTER } from "../inference/registry.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";

const answer = once(() =>
  z.object({
    status: z.enum(["ok", "degraded", "down", "starting"]).openapi({
      description:
        "starting: some models are still opening; ok: all models are ready; degraded: some are broken; " +
        "down: none is ready. The status code is 503 while no model is ready, else 200",
    }),
    runtime: z.string().openapi({ example: "deno" }),
    default_model: z.string().openapi({
      description:
        "The model for requests that name none: EDGEMORE_MODEL if that is set, else gru, else the first in " +
        "alphabetical order, among those that are not broken",
      example: "mlp",
    }),
    models: z.array(z.object({
      name: z.string().openapi({ example: "mlp" }),
      status: z.enum(["opening", "ready", "broken"]),
      version: z.string().optional().openapi({
        description: "The first digits of the SHA-256 of its card's file; left out if it is not known",
        example: "4a7d1ed414474e40",
      }),
      training_names: z.boolean().optional().openapi({
        description:
          "Whether it came with its training list, which `novel=true` needs; only of a model that was opened",
      }),
      reason: z.string().optional().openapi({ description: "Why it is broken" }),
      update: z.object({
        version: z.string().optional().openapi({ description: "Left out if its card cannot be read" }),
        reason: z.string().openapi({ description: "Why it was refused" }),
      }).optional().openapi({
        description: "A newer version that was refused; the one before it still answers",
      }),
    })),
  }).openapi("Health")
);

type Health = z.infer<ReturnType<typeof answer>>;

/** `GET /health`: the status of the server and its models. */
export const route = lazyRoute("get", "/health", () => ({
  operationId: "health",
  tags: ["server"],
  summary: "Check the server's health",
  responses: {
    200: {
      description: "At least one model is ready",
      content: {
        "application/json": {
          schema: answer(),
          example: {
            status: "ok",
            runtime: "deno",
            default_model: "mlp",
            models: [{ name: "mlp", status: "ready", version: "4a7d1ed414474e40", training_names: true }],
          } satisfies Health,
        },
      },
    },
    503: {
      description: "No model is ready",
      content: {
        "application/json": {
          schema: answer(),
          example: {
            status: "down",
            runtime: "deno",
            default_model: "mlp",
            models: [{ name: "mlp", status: "broken", reason: "mlp.onnx is missing" }],
          } satisfies Health,
        },
      },
    },
  },
}));

/** Makes the handler of `GET /health`. */
export function handler(registry: Registry, runtime: string): RouteHandler<RouteOf<typeof route>> {
  return (context) => {
    const models = registry.statuses();
    const ready = models.filter(({ status }) => status === "ready").length;
    const opening = models.some(({ status }) => status === "opening");
    const status = opening ? "starting" : ready === 0 ? "down" : ready < models.length ? "degraded" : "ok";
    const answer = { status, runtime, default_model: registry.defaultModel, models } as const;
    if (opening && ready === 0) context.header("retry-after", String(RETRY_AFTER));
    return ready === 0 ? context.json(answer, 503) : context.json(answer, 200);
  };
}
