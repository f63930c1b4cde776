import { z } from "@hono/zod-openapi";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { nextCharacters } from "../../shared/next_characters.ts";
import { once } from "../../shared/once.ts";
import { modelField } from "./fields.ts";
import { encodeParameter } from "../requests/encode_parameter.ts";
import type { Registry } from "../inference/registry.ts";
import { allowCaching } from "../middleware/caching.ts";
import { modelParameter, queryOf, text } from "../requests/parameters.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { modelProblems } from "./problem_responses.ts";
import { type QueryHandler, queryReader } from "../requests/query.ts";

const query = queryOf({
  prefix: text({
    minimum: 0,
    maximum: MAX_NAME_LENGTH,
    default: "",
    description: "The beginning of the text",
    example: "mar",
  }).optional(),
  model: modelParameter,
});

const readQuery = queryReader(query);

const answer = once(() =>
  z.object({
    model: modelField(),
    prefix: z.string().openapi({
      description: "The beginning as the model reads it, for example in lower case",
      example: "mar",
    }),
    next: z.array(z.object({
      character: z.string().openapi({
        description: "The character; '.' is the end of the text",
        example: "i",
      }),
      probability: z.number().openapi({ example: 0.31 }),
      end: z.literal(true).optional().openapi({
        description: "Only at the end of the name: it tells it from the character '.', which a list may have",
      }),
    })).openapi({ description: "Every character of the vocabulary, most likely first" }),
  }).openapi("Next")
);

const example: z.infer<ReturnType<typeof answer>> = {
  model: "bigram",
  prefix: "q",
  next: [{ character: "u", probability: 0.6 }, { character: ".", probability: 0.1, end: true }],
};

/** `GET /next`: the distribution of the next character after the beginning of a text. */
export const route = lazyRoute("get", "/next", () => ({
  operationId: "next",
  tags: ["things"],
  summary: "Predict the next character",
  request: { query: query.schema() },
  responses: {
    200: {
      description: "The probability of each next character",
      content: { "application/json": { schema: answer(), example } },
    },
    304: { description: "The client has this response, by `If-None-Match`" },
    ...modelProblems(),
  },
}));

/** Makes the handler of `GET /next`. */
export function handler(registry: Registry): QueryHandler<RouteOf<typeof route>> {
  return async (context) => {
    const { model, prefix = "" } = readQuery(context);
    const served = await registry.get(model);
    const tokens = encodeParameter(served, "prefix", prefix);
    if (allowCaching(context, served, "json")) return context.body(null, 304);
    return context.json({
      model: served.card.name,
      prefix: served.vocabulary.decode(tokens),
      next: await nextCharacters(served.cache, served.vocabulary, tokens),
    }, 200);
  };
}
