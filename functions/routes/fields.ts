import { z } from "@hono/zod-openapi";

/** Fields that several answers have. */
export const nllSchema = z.number().nullable().openapi({
  description: "Mean negative log-likelihood a character, the closing boundary counted, in nats; " +
    "null if the model holds the name impossible",
  example: 2.32,
});
export const perplexitySchema = z.number().nullable().openapi({
  description: "exp(nll); null if the model holds the name impossible",
  example: 10.17,
});
export const modelField = z.string().openapi({ description: "The model that answered", example: "mlp" });
