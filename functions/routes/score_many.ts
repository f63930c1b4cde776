import { type RouteHandler, z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import {
  inBatches,
  InvalidNameError,
  type ScoredLine,
  scoreLines,
  scoreNames,
  type UnscoredName,
} from "../../shared/bulk_scoring.ts";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { once } from "../../shared/once.ts";
import { INVALID_NAME, refusalOf } from "../../shared/score_formats.ts";
import type { ScoreRecord } from "../../shared/score_record.ts";
import { Work } from "../../shared/work.ts";
import { BodyMemory } from "../requests/body_memory.ts";
import type { Registry, ServedModel } from "../inference/registry.ts";
import { flag, modelParameter, queryOf } from "../requests/parameters.ts";
import { Problem, problemOf } from "../problem.ts";
import { lazyRoute, type RouteOf } from "./lazy_route.ts";
import { modelProblems, problemResponse } from "./problem_responses.ts";
import {
  bodyType,
  INSTEAD,
  MAX_ARRAY_POSITIONS,
  MAX_BYTES,
  MAX_NAMES,
  parseNames,
  requireUnencoded,
} from "../requests/names_body.ts";
import { queryReader } from "../requests/query.ts";
import { BODY_TIMEOUT, bodyChunks, readBody } from "../requests/request_body.ts";
import { textStream } from "./text_stream.ts";
import { scoreSchema } from "./score.ts";

/** The most positions of a text that are not in the cache: about ten seconds of work, during which others are answered. */
export const MAX_TEXT_WORK = 5_000_000;
/** The most positions of a text that are described one by one: a response of 100 MB. */
export const MAX_DESCRIBED_POSITIONS = 1_000_000;
/** The media type of newline-delimited JSON. */
const NDJSON = "application/x-ndjson";

const query = queryOf({
  model: modelParameter,
  characters: flag({
    default: true,
    description: "Include each character, like `GET /score`; without them a response is a fifth as long",
  }).optional(),
});

const readQuery = queryReader(query);

const refusal = once(() =>
  z.object({
    index: z.int().optional().openapi({
      description: "The index of the text in the array, from 0",
      example: 1,
    }),
    line: z.int().optional().openapi({
      description: "The number of the line in the text, from 1",
      example: 2,
    }),
    name: z.string().openapi({
      description: "The text as given, cut after 256 characters",
      example: "r2-d2",
    }),
    error: z.object({ type: z.string(), title: z.string(), detail: z.string() }).openapi({
      description: "Why it cannot be scored, as in a problem document (RFC 9457)",
      example: {
        ...INVALID_NAME,
        detail:
          'The text has the character "2" at position 2, which model gru does not know: it knows "abc…xyz"',
      },
    }),
  }).openapi("RefusedName")
);

type Refusal = z.infer<ReturnType<typeof refusal>>;

const answers = once(() =>
  z.array(z.union([scoreSchema().partial({ characters: true }), refusal()])).openapi("Scores")
);

type Answers = z.infer<ReturnType<typeof answers>>;

const EXAMPLE: Answers = [
  {
    model: "bigram",
    name: "al",
    possible: true,
    log_likelihood: -6.257,
    nll: 2.0857,
    perplexity: 8.0503,
    percentile: 89.1,
  },
  {
    index: 1,
    name: "r2-d2",
    error: {
      ...INVALID_NAME,
      detail:
        'The text has the character "2" at position 2, which model bigram does not know: it knows "abc…xyz"',
    },
  },
];

/** `POST /score`: scores many names. */
export const route = lazyRoute("post", "/score", () => ({
  operationId: "scoreMany",
  tags: ["things"],
  summary: "Score many texts",
  description:
    "The response of `GET /score` for each text, in order. For one that cannot be scored, it is an object with " +
    "its index or line and its `error`; the others are still scored. Lines are answered while they are received, as fast as " +
    "the response is read: a client must read while it sends, as curl does, or send at most a few thousand lines. A " +
    "response that ends early is incomplete.\n\n" +
    `A body of lines may need ${MAX_TEXT_WORK} positions that are not in the cache (those of a text are its characters and its end), ` +
    `and with \`characters\` ${MAX_DESCRIBED_POSITIONS} in all. The first line that needs more gets the last answer: an ` +
    "`error` of type `too-much-work`. Send the lines from that one on in another request.",
  request: {
    query: query.schema(),
    body: {
      required: true,
      description:
        `A JSON array of at most ${MAX_NAMES} texts in ${MAX_BYTES} bytes, with ${MAX_ARRAY_POSITIONS} positions ` +
        "in all (those of a text are its characters and its end), or lines with one text each, in UTF-8",
      content: {
        "application/json": {
          schema: z.array(z.string()).max(MAX_NAMES).openapi({ example: ["andrej", "r2-d2"] }),
        },
        "text/plain": { schema: z.string().openapi({ example: "andrej\nr2-d2\n" }) },
      },
    },
  },
  responses: {
    200: {
      description: "The scores: for a JSON array an array, or one per line if `Accept` prefers " +
        `${NDJSON}; for lines always one per line`,
      content: {
        "application/json": { schema: answers(), example: EXAMPLE },
        [NDJSON]: {
          schema: z.string().openapi({ description: "A JSON object per line, as in the array" }),
          example: EXAMPLE.map((answer) => `${JSON.stringify(answer)}\n`).join(""),
        },
      },
    },
    ...modelProblems(),
    400: problemResponse(
      "A parameter has a value that is not allowed, or the body is not a JSON array of strings",
      {
        "Not an array of strings": Problem.ofParameters("invalid-parameter", [
          { parameter: "body", message: "must be a JSON array of texts, got the number 5 at index 1" },
        ]),
      },
    ),
    408: problemResponse("The body arrives too slowly", {
      "Nothing received": new Problem(
        "request-timeout",
        "The body kept the server waiting for 30 s; a body must come at 8192 bytes a second or more",
      ),
    }),
    413: problemResponse(
      `The array has more than ${MAX_NAMES} texts, ${MAX_BYTES} bytes or ${MAX_ARRAY_POSITIONS} positions`,
      {
        "Too many texts": new Problem(
          "body-too-large",
          `The body must have at most ${MAX_NAMES} texts, has 12000; ${INSTEAD}`,
        ),
      },
    ),
    415: problemResponse(
      "The body is neither application/json nor text/plain in UTF-8, or it has a Content-Encoding",
      {
        "An image": new Problem(
          "unsupported-media-type",
          'The body must be application/json or text/plain, in UTF-8, got "image/png"',
        ),
        "Compressed with gzip": new Problem(
          "unsupported-media-type",
          'The body must come as it is, without a content-encoding, got "gzip"',
        ),
      },
    ),
    503: problemResponse(
      "The model is broken, or the server is busy: then `Retry-After` says when to retry",
      {
        "A model that cannot be run": new Problem(
          "broken-model",
          "Model mlp cannot answer: mlp.onnx is missing",
        ),
        "No memory for another body": new Problem(
          "server-busy",
          "The bodies of other requests take all the memory there is for bodies; ask again in 1 s",
        ),
      },
    ),
  },
}));

/**
 * Makes the handler of `POST /score`.
 *
 * @param timeout How long a body may keep the server waiting, in seconds.
 */
export function handler(registry: Registry, timeout = BODY_TIMEOUT): RouteHandler<RouteOf<typeof route>> {
  const memory = new BodyMemory();
  return async (context) => {
    const { model, characters } = readQuery(context);
    const served = await registry.get(model);
    const request = context.req.raw;
    requireUnencoded(context);
    if (bodyType(context) === "text/plain") {
      const options = {
        characters,
        work: new Work(MAX_TEXT_WORK, MAX_DESCRIBED_POSITIONS),
        continueOnError: true,
      };
      const lines = scoreLines(served, bodyChunks(request, timeout), options);
      return streamed(context, NDJSON, linesOfLines(lines));
    }
    const { bytes, release } = await readBody(request, {
      maxBytes: MAX_BYTES,
      instead: INSTEAD,
      memory,
      timeout,
    });
    try {
      const scored = scoreArray(served, parseNames(bytes), characters);
      return prefersNdjson(context)
        ? streamed(context, NDJSON, linesOfArray(scored), release)
        : streamed(context, "application/json", arrayOf(scored), release);
    } catch (error) {
      release();
      throw error;
    }
  };
}

/** A name without a score, as it is answered. */
function refused({ name, error }: UnscoredName): Refusal {
  if (error instanceof InvalidNameError) return { name, error: refusalOf(error) };
  const { type, title, detail } = problemOf(error).toJSON();
  return { name, error: { type, title, detail } };
}

/** A streamed response; a typed client sees the type of the whole. */
type Streamed = Response & TypedResponse<Answers, 200, "json">;

function streamed(
  context: Context,
  type: string,
  pieces: AsyncGenerator<string>,
  ended?: () => void,
): Streamed {
  return context.body(textStream(pieces, ended), 200, { "content-type": type }) as unknown as Streamed;
}

/** Whether the client prefers NDJSON to a JSON array. */
function prefersNdjson(context: Context): boolean {
  const supports = ["application/json", NDJSON];
  return accepts(context, { header: "Accept", supports, default: supports[0] }) === NDJSON;
}

type ScoredName = ScoreRecord | Refusal;

async function* scoreArray(
  served: ServedModel,
  names: readonly string[],
  characters?: boolean,
): AsyncGenerator<ScoredName[]> {
  let index = 0;
  const work = new Work(MAX_ARRAY_POSITIONS);
  for (const batch of inBatches(names, ({ length }) => Math.min(length, MAX_NAME_LENGTH))) {
    await work.pause();
    const results = await scoreNames(served, batch, { characters, work, continueOnError: true });
    const first = index;
    yield results.map((result, i) => ("error" in result ? { index: first + i, ...refused(result) } : result));
    index += batch.length;
  }
}

async function* arrayOf(batches: AsyncGenerator<ScoredName[]>): AsyncGenerator<string> {
  let before = "[";
  for await (const batch of batches) {
    yield before + batch.map((scored) => JSON.stringify(scored)).join(",");
    before = ",";
  }
  yield before === "[" ? "[]" : "]";
}

async function* linesOfArray(batches: AsyncGenerator<ScoredName[]>): AsyncGenerator<string> {
  for await (const batch of batches) yield batch.map((scored) => `${JSON.stringify(scored)}\n`).join("");
}

async function* linesOfLines(batches: AsyncGenerator<ScoredLine[]>): AsyncGenerator<string> {
  for await (const batch of batches) yield batch.map(lineJson).join("");
}

function lineJson({ line, result }: ScoredLine): string {
  return `${JSON.stringify("error" in result ? { line, ...refused(result) } : result)}\n`;
}
