import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { accepts } from "hono/accepts";
import { continueWith } from "../../shared/continue_with.ts";
import type { Gather } from "../../shared/distribution_cache/distribution_cache.ts";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { NameSearch } from "../../shared/name_search.ts";
import { nounOf } from "../../shared/noun.ts";
import type { TrainingNames } from "../../shared/training_names.ts";
import { once } from "../../shared/once.ts";
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
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { decimal, flag, modelParameter, oneOf, queryOf, text, wholeNumber } from "../requests/parameters.ts";
import { Problem } from "../problem.ts";
import { modelProblems, problemResponse } from "./problem_responses.ts";
import { type QueryAnswer, type QueryHandler, queryReader, untyped } from "../requests/query.ts";

/** The most characters of all names of a request, n × max_length. */
const MAX_CHARACTERS = 64_000;
/** The most positions of a request that are not in the cache: about a second of work, during which others are answered. */
const MAX_WORK = 250_000;
/** After this many characters, no more names are drawn to replace those that are repeats or in the list. */
const MAX_SEARCH_CHARACTERS = 32_000;

const query = queryOf({
  n: wholeNumber({ minimum: 1, maximum: 1000, default: 10, description: "The number of things" }).optional(),
  model: modelParameter,
  temperature: decimal({
    minimum: 0.05,
    maximum: 5,
    default: 1,
    description: "Below 1 makes likely things likelier, above 1 less likely",
  }).optional(),
  top_k: wholeNumber({
    minimum: 1,
    maximum: 1001,
    description: "Sample only from the k most likely characters",
  }).optional(),
  top_p: decimal({
    minimum: 0.001,
    maximum: 1,
    description: "Sample only from the most likely characters whose probabilities sum to this",
  }).optional(),
  prefix: text({
    minimum: 0,
    maximum: MAX_NAME_LENGTH,
    default: "",
    description: "The beginning of every thing",
    example: "mar",
  }).optional(),
  min_length: wholeNumber({
    minimum: 0,
    maximum: MAX_NAME_LENGTH,
    default: 1,
    description:
      "The fewest characters, including the prefix. A thing ends earlier only if the model allows no other character",
  }).optional(),
  max_length: wholeNumber({
    minimum: 1,
    maximum: MAX_NAME_LENGTH,
    default: 64,
    description:
      "The most characters, including the prefix; a thing that reaches them ends there. n times max_length may " +
      `be at most ${MAX_CHARACTERS}`,
  }).optional(),
  seed: wholeNumber({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      "The same seed gives the same things; with a smaller n, the first of them. Default: a random seed",
    example: 42,
  }).optional(),
  unique: flag({ default: false, description: "Omit repeats" }).optional(),
  novel: flag({
    default: false,
    description:
      "Omit things of the list that the model was trained on. With `novel` or `unique`, at most 20 n things are " +
      "drawn; if those are not enough, `shortfall` says how many there are, and why",
  }).optional(),
  compat: oneOf(["torch"], {
    description:
      "Draw like `torch.multinomial(probs, 1, generator=g)`, all things from one generator seeded " +
      "with `seed`, so that the `manual_seed` of a notebook gives the notebook's names. The defaults of `min_length` " +
      "and `max_length` are then 0 and 256",
  }).optional(),
});

const readQuery = queryReader(query);

const answerSchema = once(() =>
  z.object({
    model: modelField(),
    seed: z.int().openapi({ description: "The seed, which gives the same things again", example: 42 }),
    names: z.array(z.object({
      name: z.string().openapi({ example: "marlena" }),
      nll: nllSchema(),
      perplexity: perplexitySchema(),
    })),
    shortfall: z.string().optional().openapi({
      description: "Why there are fewer things than requested",
      example: "12 of 50 names: 1000 were drawn, of which 90 are in the training list and 898 repeat others",
    }),
  }).openapi("Names")
);

const example: z.infer<ReturnType<typeof answerSchema>> = {
  model: "gru",
  seed: 42,
  names: [
    { name: "jaleah", nll: 1.3981246074129428, perplexity: 4.047602001698474 },
    { name: "mistie", nll: 2.0147396475076675, perplexity: 7.498774802325377 },
  ],
};

/** `GET /generate`: generates more things like those of the model's list. */
export const route = lazyRoute("get", "/generate", () => ({
  operationId: "generate",
  tags: ["things"],
  summary: "Generate things",
  request: {
    query: query.schema(),
    headers: z.object({
      "last-event-id": z.string().optional().openapi({
        description:
          "The id of the last event that the client has received; the stream continues after it. " +
          "An `EventSource` sends this header automatically",
        example: "42-10",
      }),
    }),
  },
  responses: {
    200: {
      description:
        "The things: as JSON; as text, one per line, if `Accept` prefers text/plain; or each as an event as " +
        "soon as it is found, if `Accept` prefers text/event-stream",
      headers: z.object({
        "edgemore-seed": z.string().optional().openapi({
          description: "The seed, in a text/plain response",
        }),
      }),
      content: {
        "application/json": { schema: answerSchema(), example },
        "text/plain": { schema: z.string(), example: "jaleah\nmistie\n" },
        [EVENT_STREAM]: { schema: eventsSchema(), example: EVENTS_EXAMPLE },
      },
    },
    204: {
      description: "The client has already received the last event of the stream, `end`",
    },
    304: { description: "The client has this response, by `If-None-Match`" },
    ...modelProblems(),
    422: problemResponse("The things would take too much work", {
      "Too many positions that are not in the cache": new Problem(
        "too-much-work",
        `A request may need at most ${MAX_WORK} positions that are not in the cache; ask for fewer or shorter ` +
          "things in a request",
      ),
    }),
  },
}));

type Route = RouteOf<typeof route>;

/**
 * Makes the handler of `GET /generate`.
 *
 * @param gather Waits for other requests to share runs of the model with.
 */
export function handler(registry: Registry, gather?: Gather): QueryHandler<Route> {
  return (context) => {
    const asked = readQuery(context);
    return continueWith(registry.get(asked.model), (served) => answer(context, asked, served));
  };

  function answer(
    context: Context,
    asked: z.output<ReturnType<typeof query.schema>>,
    served: ServedModel,
  ): QueryAnswer<Route> | Promise<QueryAnswer<Route>> {
    const torch = asked.compat === "torch";
    const type = preferredType(context);
    context.set("vary", "Accept");
    const resumed = type === EVENT_STREAM ? readLastEvent(context, asked.seed) : null;
    if (resumed?.ended) return untyped(context.body(null, 204));
    const { n = 10, seed = resumed?.seed ?? randomSeed(), prefix = "", temperature, unique = false } = asked;
    const minLength = asked.min_length ?? (torch ? 0 : 1);
    const maxLength = asked.max_length ?? (torch ? MAX_NAME_LENGTH : 64);
    const prefixLength = prefix === "" ? 0 : encodeParameter(served, "prefix", prefix).length;
    requireLengths(prefixLength, minLength, maxLength);
    requireBounded(n, "min_length", asked.min_length);
    requireBounded(n, "max_length", asked.max_length);

    if (asked.seed === undefined || type === EVENT_STREAM) forbidCaching(context, served);
    else if (allowCaching(context, served, type)) return context.body(null, 304);

    const search = new NameSearch(served.cache, served.vocabulary, {
      n,
      seed,
      temperature,
      topK: asked.top_k,
      topP: asked.top_p,
      prefix,
      minLength,
      maxLength,
      unique,
      trainingNames: asked.novel ? requireTrainingNames(served) : undefined,
      maxSearchCharacters: MAX_SEARCH_CHARACTERS,
      draws: torch ? "torch" : "streams",
      work: new Work(MAX_WORK),
      gather,
    });

    if (type === EVENT_STREAM) {
      const sent = resumed?.sent ?? 0;
      return untyped(streamNames(context, search, { card: served.card, seed, sent }));
    }
    return continueWith(search.all(), (names) => {
      if (type === "text/plain") {
        context.header("edgemore-seed", String(seed));
        return context.text(names.map(({ name }) => `${name}\n`).join(""), 200);
      }
      const shortfall = search.shortfall(nounOf(served.card));
      return context.json({
        model: served.card.name,
        seed,
        names: names.map(nameFigures),
        ...(shortfall && { shortfall }),
      }, 200);
    });
  }
}

/** The content type that the client prefers. Hono's `accepts` takes as long as four headers, and most clients accept anything. */
function preferredType(context: Context): "application/json" | "text/plain" | typeof EVENT_STREAM {
  const header = context.req.raw.headers.get("accept");
  if (header === null || header === "*/*") return "application/json";
  const supports = ["application/json", "text/plain", EVENT_STREAM] as const;
  const accepted = accepts(context, { header: "Accept", supports: [...supports], default: supports[0] });
  return supports.find((type) => type === accepted) ?? supports[0];
}

/** @throws {Problem} 400 if the model came without its training list. */
function requireTrainingNames({ card, trainingNames }: ServedModel): TrainingNames {
  if (trainingNames) return trainingNames;
  const message = `must be "false" for model ${card.name}, which came without its list, ${card.dataset.name}`;
  throw Problem.ofParameters("invalid-parameter", [{ parameter: "novel", message }]);
}

/** Draws a seed. It is not secret, so it need not be cryptographically random, which takes 9 µs on workerd. */
function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 53);
}

/** @throws {Problem} 400 if no name can have these lengths. */
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

/** @throws {Problem} 400 if all names together could be too long: a model need not end a name before max_length. */
function requireBounded(n: number, parameter: string, length = 0): void {
  if (n * length <= MAX_CHARACTERS) return;
  const message = `must be at most ${MAX_CHARACTERS} when multiplied with n, got ${length} with n ${n}: ` +
    `at most ${Math.floor(MAX_CHARACTERS / n)} with this n`;
  throw Problem.ofParameters("invalid-parameter", [{ parameter, message }]);
}
