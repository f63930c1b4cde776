import { z } from "@hono/zod-openapi";
import { once } from "../../shared/once.ts";

/** Fields of several responses. */
export const nllSchema = once(() =>
  z.number().nullable().openapi({
    description: "Mean negative log-likelihood per character, including the end of the text, in nats; " +
      "null if the text has probability 0",
    example: 2.32,
  })
);
export const perplexitySchema = once(() =>
  z.number().nullable().openapi({
    description: "exp(nll); null if the text has probability 0",
    example: 10.17,
  })
);
export const modelField = once(() =>
  z.string().openapi({ description: "The model that answered", example: "mlp" })
);
