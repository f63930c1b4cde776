import { createRoute, z } from "@hono/zod-openapi";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { fullScoreRecord } from "../../shared/score_record.ts";
import { scoreTokens } from "../../shared/scoring.ts";
import { Work } from "../../shared/work.ts";
import { modelField, nllSchema, perplexitySchema } from "./fields.ts";
import { encodeParameter } from "../requests/encode_parameter.ts";
import type { Registry } from "../inference/registry.ts";
import { allowCaching } from "../middleware/caching.ts";
import { modelParameter, queryOf, text } from "../requests/parameters.ts";
import { MODEL_PROBLEMS } from "./problem_responses.ts";
import { type QueryHandler, queryReader } from "../requests/query.ts";

const query = queryOf({
  name: text({ minimum: 1, maximum: MAX_NAME_LENGTH, description: "The name to score", example: "andrej" }),
  model: modelParameter,
});

const readQuery = queryReader(query);

/** A score as it is answered. */
export const scoreSchema = z.object({
  model: modelField,
  name: z.string().openapi({ description: "The name as the model read it", example: "andrej" }),
  possible: z.boolean().openapi({ description: "Whether its probability is above 0" }),
  log_likelihood: z.number().nullable().openapi({
    description:
      "Sum of the log-probabilities of its characters and its closing boundary; null if it is impossible",
    example: -16.24,
  }),
  nll: nllSchema,
  perplexity: perplexitySchema,
  percentile: z.number().openapi({
    description:
      "What share of real names (the dev split's) is less likely a character than this one, 0 to 100",
    example: 34.2,
  }),
  characters: z.array(z.object({
    context: z.string().openapi({ description: "What the model saw, boundaries as '.'", example: "..a" }),
    character: z.string().openapi({
      description: "The character, the closing boundary as '.'",
      example: "n",
    }),
    probability: z.number().openapi({ example: 0.13 }),
    nll: z.number().nullable().openapi({ description: "-ln(probability); null for 0", example: 2.04 }),
  })),
}).openapi("Score");

const example: z.infer<typeof scoreSchema> = {
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

/** `GET /score`: how likely a name is. */
export const route = createRoute({
  method: "get",
  path: "/score",
  operationId: "score",
  tags: ["names"],
  summary: "Score a name",
  request: { query },
  responses: {
    200: {
      description: "How likely the name is",
      content: { "application/json": { schema: scoreSchema, example } },
    },
    304: { description: "The answer is the one that `If-None-Match` names" },
    ...MODEL_PROBLEMS,
  },
});

/** Answers `GET /score` from the models of a registry. */
export function handler(registry: Registry): QueryHandler<typeof route> {
  return async (context) => {
    const asked = readQuery(context);
    const served = await registry.get(asked.model);
    const tokens = encodeParameter(served, "name", asked.name);
    if (allowCaching(context, served, "json")) return context.body(null, 304);
    const scored = await scoreTokens(served.model, served.vocabulary, tokens, new Work());
    return context.json(fullScoreRecord(served, scored), 200);
  };
}
