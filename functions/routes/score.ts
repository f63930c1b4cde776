import { z } from "@hono/zod-openapi";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { continueWith } from "../../shared/continue_with.ts";
import { once } from "../../shared/once.ts";
import { fullScoreRecord } from "../../shared/score_record.ts";
import { scoreTokens } from "../../shared/scoring.ts";
import { Work } from "../../shared/work.ts";
import { modelField, nllSchema, perplexitySchema } from "./fields.ts";
import { encodeParameter } from "../requests/encode_parameter.ts";
import type { Registry } from "../inference/registry.ts";
import { allowCaching } from "../middleware/caching.ts";
import { modelParameter, queryOf, text } from "../requests/parameters.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { modelProblems } from "./problem_responses.ts";
import { type QueryHandler, queryReader } from "../requests/query.ts";

/** The query of `GET /score`. */
export const query = queryOf({
  name: text({ minimum: 1, maximum: MAX_NAME_LENGTH, description: "The text to score", example: "andrej" }),
  model: modelParameter,
});

const readQuery = queryReader(query);

/** The score of a text. */
export const scoreSchema = once(() =>
  z.object({
    model: modelField(),
    name: z.string().openapi({
      description: "The text as the model reads it, for example in lower case",
      example: "andrej",
    }),
    possible: z.boolean().openapi({ description: "Whether its probability is above 0" }),
    log_likelihood: z.number().nullable().openapi({
      description:
        "Sum of the log-probabilities of its characters and its end; null if the text has probability 0",
      example: -16.24,
    }),
    nll: nllSchema(),
    perplexity: perplexitySchema(),
    percentile: z.number().openapi({
      description:
        "Percentage of the list's things (those of the dev split) that are less likely per character than this text",
      example: 34.2,
    }),
    characters: z.array(z.object({
      context: z.string().openapi({
        description: "What the model sees before the character; '.' is the start of the text",
        example: "..a",
      }),
      character: z.string().openapi({
        description: "The character; '.' is the end of the text",
        example: "n",
      }),
      probability: z.number().openapi({ example: 0.13 }),
      nll: z.number().nullable().openapi({
        description: "-ln(probability); null if the probability is 0",
        example: 2.04,
      }),
    })),
  }).openapi("Score")
);

const example: z.infer<ReturnType<typeof scoreSchema>> = {
  model: "bigram",
  name: "al",
  possible: true,
  log_likelihood: -6.257143020629883,
  nll: 2.0857143402099610,
  perplexity: 8.050342,
  percentile: 89.1,
  characters: [
    { context: ".", character: "a", probability: 0.1375, nll: 1.984131 },
    { context: "a", character: "l", probability: 0.0746, nll: 2.595614 },
    { context: "l", character: ".", probability: 0.1867, nll: 1.677398 },
  ],
};

/** `GET /score`: scores a text. */
export const route = lazyRoute("get", "/score", () => ({
  operationId: "score",
  tags: ["things"],
  summary: "Score a text",
  request: { query: query.schema() },
  responses: {
    200: {
      description: "The score of the text",
      content: { "application/json": { schema: scoreSchema(), example } },
    },
    304: { description: "The client has this response, by `If-None-Match`" },
    ...modelProblems(),
  },
}));

/** Makes the handler of `GET /score`. */
export function handler(registry: Registry): QueryHandler<RouteOf<typeof route>> {
  return (context) => {
    const { name, model } = readQuery(context);
    return continueWith(registry.get(model), (served) => {
      const tokens = encodeParameter(served, "name", name);
      if (allowCaching(context, served, "json")) return context.body(null, 304);
      return continueWith(
        scoreTokens(served.cache, served.vocabulary, tokens, new Work()),
        (scored) => context.json(fullScoreRecord(served, scored), 200),
      );
    });
  };
}
