import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import type { KnownNames } from "../../shared/known_names.ts";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { NameSearch } from "../../shared/name_search.ts";
import { Work } from "../../shared/work.ts";
import { modelField, nllSchema, perplexitySchema } from "./fields.ts";
import { encodeParameter } from "../requests/encode_parameter.ts";
import type { Registry, ServedModel } from "../inference/registry.ts";
import { allowCaching, forbidCaching } from "../middleware/caching.ts";
import {
  EVENT_STREAM,
  EVENTS_EXAMPLE,
  eventsSchema,
  nameFigures,
  readLastEvent,
  streamNames,
} from "./name_events.ts";
import { decimal, flag, modelParameter, oneOf, queryOf, text, wholeNumber } from "../requests/parameters.ts";
import { Problem } from "../problem.ts";
import { MODEL_PROBLEMS, problemResponse } from "./problem_responses.ts";
import { type QueryHandler, queryReader, untyped } from "../requests/query.ts";

/** Most characters that the names of a request may have together: n times max_length. */
const MAX_CHARACTERS = 64_000;
/** Most positions of a request that are not in the cache: about a second's work, in which others are answered too. */
const MAX_WORK = 250_000;

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
    description:
      "Most characters, the prefix counted: a name that gets there ends there. Multiplied with n it may " +
      `be ${MAX_CHARACTERS} at most`,
  }).optional(),
  seed: wholeNumber({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "The same seed gives the same names, and fewer names are the beginning of more. Default: a random one",
    example: 42,
  }).optional(),
  unique: flag({ default: false, description: "Repeat no name" }).optional(),
  novel: flag({
    default: false,
    description:
      "Leave out names of the list that the model was trained on. With it or `unique`, at most 20 names are " +
      "drawn for each one asked for; where those are not enough, `shortfall` says how many there are, and why",
  }).optional(),
  compat: oneOf(["torch"], {
    description:
      "Draw as `torch.multinomial(probs, 1, generator=g)` does, name after name from one generator seeded " +
      "with `seed`, so that a notebook's `manual_seed` gives the notebook's names. `min_length` is then 0 and " +
      "`max_length` 256 unless given",
  }).optional(),
});

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
    example: "12 of 50 names: 1000 were drawn, of which 90 are in the training list and 898 repeat others",
  }),
}).openapi("Names");

const example: z.infer<typeof answer> = {
  model: "tuned",
  seed: 42,
  names: [
    { name: "jazila", nll: 1.8452869738851274, perplexity: 6.329916050381522 },
    { name: "yozelynn", nll: 1.7544441140360303, perplexity: 5.780233697937411 },
  ],
};

/** `GET /generate`: names that a model makes. */
export const route = createRoute({
  method: "get",
  path: "/generate",
  operationId: "generate",
  tags: ["names"],
  summary: "Make names",
  request: {
    query,
    headers: z.object({
      "last-event-id": z.string().optional().openapi({
        description:
          "The id of the last event that a client got of this stream: it goes on after that one. " +
          "An `EventSource` sends it by itself",
        example: "42-10",
      }),
    }),
  },
  responses: {
    200: {
      description:
        "The names, as JSON, as text with one name a line where `Accept` prefers text/plain, or each " +
        "as an event when it is made, where it prefers text/event-stream",
      headers: z.object({
        "edgemore-seed": z.string().optional().openapi({
          description: "In a text/plain answer, the seed: the text has no place for it",
        }),
      }),
      content: {
        "application/json": { schema: answer, example },
        "text/plain": { schema: z.string(), example: "jazila\nyozelynn\n" },
        [EVENT_STREAM]: { schema: eventsSchema, example: EVENTS_EXAMPLE },
      },
    },
    204: {
      description: "A client that has had the last event of a stream, `end`, asks for what comes after",
    },
    304: { description: "The answer is the one that `If-None-Match` names" },
    ...MODEL_PROBLEMS,
    422: problemResponse("The names would take too much work", {
      "Too many positions that are not in the cache": new Problem(
        "too-much-work",
        `A request may need at most ${MAX_WORK} positions that are not in the cache; ask for fewer or shorter ` +
          "names in a request",
      ),
    }),
  },
});

/** Answers `GET /generate` from the models of a registry. */
export function handler(registry: Registry): QueryHandler<typeof route> {
  return async (context) => {
    const asked = readQuery(context);
    const served = await registry.get(asked.model);
    const torch = asked.compat === "torch";
    const type = preferredType(context);
    context.set("vary", "Accept");
    const resumed = type === EVENT_STREAM ? readLastEvent(context, asked.seed) : null;
    if (resumed?.ended) return untyped(context.body(null, 204));
    const { n = 10, seed = resumed?.seed ?? randomSeed(), prefix = "", temperature, unique = false } = asked;
    const minLength = asked.min_length ?? (torch ? 0 : 1);
    const maxLength = asked.max_length ?? (torch ? MAX_NAME_LENGTH : 64);
    requireLengths(encodeParameter(served, "prefix", prefix).length, minLength, maxLength);
    requireBounded(n, "min_length", asked.min_length);
    requireBounded(n, "max_length", asked.max_length);

    if (asked.seed === undefined || type === EVENT_STREAM) forbidCaching(context, served);
    else if (allowCaching(context, served, asked.novel ? `${type}-${knownTag(served)}` : type)) {
      return context.body(null, 304);
    }

    const search = new NameSearch(served.model, served.vocabulary, {
      n,
      seed,
      temperature,
      topK: asked.top_k,
      topP: asked.top_p,
      prefix,
      minLength,
      maxLength,
      unique,
      known: asked.novel ? requireKnown(served) : undefined,
      draws: torch ? "torch" : "streams",
      work: new Work(MAX_WORK),
    });

    if (type === EVENT_STREAM) {
      const sent = resumed?.sent ?? 0;
      return untyped(streamNames(context, search, { model: served.card.name, seed, sent }));
    }
    const names = await search.all();
    if (type === "text/plain") {
      context.header("edgemore-seed", String(seed));
      return context.text(names.map(({ name }) => `${name}\n`).join(""), 200);
    }
    const shortfall = search.shortfall();
    return context.json({
      model: served.card.name,
      seed,
      names: names.map(nameFigures),
      ...(shortfall && { shortfall }),
    }, 200);
  };
}

/** The content type that the client prefers. */
function preferredType(context: Context): "application/json" | "text/plain" | typeof EVENT_STREAM {
  const supports = ["application/json", "text/plain", EVENT_STREAM] as const;
  const accepted = accepts(context, { header: "Accept", supports: [...supports], default: supports[0] });
  return supports.find((type) => type === accepted) ?? supports[0];
}

/** The names of a model's list. */
function requireKnown({ card, known }: ServedModel): KnownNames {
  if (known) return known;
  const message = `must be "false" for model ${card.name}, which came without the names of its list` +
    (card.known_names ? ` (its card names ${card.name}.known)` : "");
  throw Problem.ofParameters("invalid-parameter", [{ parameter: "novel", message }]);
}

/** What tells one list from another, for the tag of an answer that leaves its names out. */
function knownTag({ card }: ServedModel): string {
  return card.known_names?.sha256.slice(0, 8) ?? "none";
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

/** Refuses lengths that could take long to draw: a model need not end a name before max_length. */
function requireBounded(n: number, parameter: string, length = 0): void {
  if (n * length <= MAX_CHARACTERS) return;
  const message = `must be at most ${MAX_CHARACTERS} when multiplied with n, got ${length} with n ${n}: ` +
    `at most ${Math.floor(MAX_CHARACTERS / n)} with this n`;
  throw Problem.ofParameters("invalid-parameter", [{ parameter, message }]);
}
