import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { finiteOrNull } from "../../shared/finite_or_null.ts";
import { sample } from "../../shared/sampling.ts";
import { modelField, nllSchema, perplexitySchema } from "../answers.ts";
import { encodeParameter } from "../characters.ts";
import type { Registry } from "../inference/registry.ts";
import { keepForEver, keepNothing } from "../manners/caching.ts";
import {
  decimal,
  flag,
  MAX_NAME_LENGTH,
  modelParameter,
  oneOf,
  queryOf,
  text,
  wholeNumber,
} from "../parameters.ts";
import { MODEL_PROBLEMS, Problem } from "../problem.ts";
import { type QueryHandler, queryReader } from "../query.ts";

const query = queryOf({
  n: wholeNumber({ minimum: 1, maximum: 1000, default: 10, description: "How many names" }).optional(),
  model: modelParameter,
  temperature: decimal({
    minimum: 0.05,
    maximum: 5,
    default: 1,
    description: "Below 1 likelier names, above 1 stranger ones",
  }).optional(),
  top_k: wholeNumber({
    minimum: 1,
    maximum: 1001,
    description: "Sample from the k likeliest characters only",
  }).optional(),
  top_p: decimal({
    minimum: 0.001,
    maximum: 1,
    description: "Sample from the likeliest characters that together have this probability",
  }).optional(),
  prefix: text({
    minimum: 0,
    maximum: MAX_NAME_LENGTH,
    default: "",
    description: "What every name begins with",
    example: "mar",
  }).optional(),
  min_length: wholeNumber({
    minimum: 0,
    maximum: MAX_NAME_LENGTH,
    default: 1,
    description:
      "Fewest characters, the prefix counted. A name ends sooner only where the model allows nothing else",
  }).optional(),
  max_length: wholeNumber({
    minimum: 1,
    maximum: MAX_NAME_LENGTH,
    default: 64,
    description: "Most characters, the prefix counted: a name that gets there ends there",
  }).optional(),
  seed: wholeNumber({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "The same seed gives the same names, and fewer names are the beginning of more. Default: a random one",
    example: 42,
  }).optional(),
  unique: flag({ default: false, description: "Repeat no name" }).optional(),
  compat: oneOf(["torch"], {
    description:
      "Draw as `torch.multinomial(probs, 1, generator=g)` does, name after name from one generator seeded " +
      "with `seed`, so that a notebook's `manual_seed` gives the notebook's names. `min_length` is then 0 and " +
      "`max_length` 256 unless given",
  }).optional(),
});

/** Most characters that names may be made to have together: drawing them takes a cold model half a second. */
const MOST_CHARACTERS = 32_000;

const readQuery = queryReader(query);

const answer = z.object({
  model: modelField,
  seed: z.int().openapi({ description: "The seed that gives these names again", example: 42 }),
  names: z.array(z.object({
    name: z.string().openapi({ example: "marlena" }),
    nll: nllSchema,
    perplexity: perplexitySchema,
  })),
  shortfall: z.string().optional().openapi({
    description: "Why there are fewer names than were asked for",
    example: "12 of 50 names: 1000 were drawn, and the rest are repeats",
  }),
}).openapi("Names");

const example: z.infer<typeof answer> = {
  model: "tuned",
  seed: 42,
  names: [
    { name: "aavano", nll: 2.210770377090999, perplexity: 9.122741637813919 },
    { name: "garian", nll: 1.7991742874894823, perplexity: 6.044654256578145 },
  ],
};

/** `GET /generate`: names that a model makes. */
export const route = createRoute({
  method: "get",
  path: "/generate",
  operationId: "generate",
  tags: ["names"],
  summary: "Make names",
  request: { query },
  responses: {
    200: {
      description: "The names, as JSON, or as text with one name a line where `Accept` prefers text/plain",
      headers: z.object({
        "edgemore-seed": z.string().optional().openapi({
          description: "In a text/plain answer, the seed: the text has no place for it",
        }),
      }),
      content: {
        "application/json": { schema: answer, example },
        "text/plain": { schema: z.string(), example: "aavano\ngarian\n" },
      },
    },
    304: { description: "The answer is the one that `If-None-Match` names" },
    ...MODEL_PROBLEMS,
  },
});

/** Answers `GET /generate` from the models of a registry. */
export function handler(registry: Registry): QueryHandler<typeof route> {
  return async (context) => {
    const asked = readQuery(context);
    const served = registry.get(asked.model);
    const torch = asked.compat === "torch";
    const { n = 10, seed = randomSeed(), prefix = "", temperature, unique = false } = asked;
    const minLength = asked.min_length ?? (torch ? 0 : 1);
    const maxLength = asked.max_length ?? (torch ? MAX_NAME_LENGTH : 64);
    requireLengths(encodeParameter(served, "prefix", prefix).length, minLength, maxLength);
    requireBounded(n, minLength);

    const asText = prefersText(context);
    context.set("vary", "Accept");
    if (asked.seed === undefined) keepNothing(context, served.card);
    else if (keepForEver(context, served.card, asText ? "text" : "json")) return context.body(null, 304);

    const names = await sample(served.model, served.vocabulary, {
      n,
      seed,
      temperature,
      topK: asked.top_k,
      topP: asked.top_p,
      prefix,
      minLength,
      maxLength,
      unique,
      draws: torch ? "torch" : "streams",
    });

    if (asText) {
      context.header("edgemore-seed", String(seed));
      return context.text(names.map(({ name }) => `${name}\n`).join(""), 200);
    }
    return context.json({
      model: served.card.name,
      seed,
      names: names.map(({ name, nll, perplexity }) => ({
        name,
        nll: finiteOrNull(nll),
        perplexity: finiteOrNull(perplexity),
      })),
      ...(names.length < n &&
        { shortfall: `${names.length} of ${n} names: all others that were drawn are repeats` }),
    }, 200);
  };
}

/** Whether the client would rather have text than JSON. Few name text at all, and parsing the header takes time. */
function prefersText(context: Context): boolean {
  if (!context.req.header("accept")?.includes("text/plain")) return false;
  const supports = ["application/json", "text/plain"];
  return accepts(context, { header: "Accept", supports, default: supports[0] }) === "text/plain";
}

/** A seed for who brings none. It need not be secret, so it need not be cryptographic, which costs workerd 9 µs. */
function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 53);
}

/** Refuses lengths that no name can have. */
function requireLengths(prefixLength: number, minLength: number, maxLength: number): void {
  if (minLength > maxLength) {
    const message = `must be at most max_length (${maxLength}), got ${minLength}`;
    throw Problem.ofParameters("invalid-parameter", [{ parameter: "min_length", message }]);
  }
  if (prefixLength > maxLength) {
    const message = `must have at most max_length (${maxLength}) characters, has ${prefixLength}`;
    throw Problem.ofParameters("invalid-parameter", [{ parameter: "prefix", message }]);
  }
}

/** Refuses what takes long to draw, however the names come out. */
function requireBounded(n: number, minLength: number): void {
  if (n * minLength <= MOST_CHARACTERS) return;
  const message =
    `must be at most ${MOST_CHARACTERS} when multiplied with n, got ${minLength} with n ${n}: ` +
    `at most ${Math.floor(MOST_CHARACTERS / n)} with this n`;
  throw Problem.ofParameters("invalid-parameter", [{ parameter: "min_length", message }]);
}
