import { createRoute, type RouteHandler, z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";
import { accepts } from "hono/accepts";
import {
  inBatches,
  type RefusedName,
  type ScoredLine,
  scoreLines,
  scoreNames,
} from "../../shared/bulk_scoring.ts";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import type { ScoreRecord } from "../../shared/score_record.ts";
import { Work } from "../../shared/work.ts";
import { BodyMemory } from "../requests/body_memory.ts";
import type { Registry, ServedModel } from "../inference/registry.ts";
import { flag, modelParameter, queryOf } from "../requests/parameters.ts";
import { Problem, problemOf } from "../problem.ts";
import { MODEL_PROBLEMS, problemResponse } from "./problem_responses.ts";
import { queryReader } from "../requests/query.ts";
import { BODY_TIMEOUT, bodyChunks, readBody } from "../requests/request_body.ts";
import { textStream } from "./text_stream.ts";
import { scoreSchema } from "./score.ts";

/** Most names of a JSON array. */
export const MAX_NAMES = 10_000;
/** Most bytes of a JSON array: it is parsed in one go, for 50 ms at most. */
export const MAX_BYTES = 2 ** 20;
/**
 * Most positions of a JSON array, those of a name being its characters and its end: a second's work where the model
 * knows none of them, and an answer of 25 MB.
 */
export const MAX_ARRAY_POSITIONS = 250_000;
/** Most positions of a text that are not in the cache: some ten seconds' work, in which others are answered too. */
export const MAX_TEXT_WORK = 5_000_000;
/** Most positions of a text that are described character by character: an answer of 100 MB. */
export const MAX_DESCRIBED_POSITIONS = 1_000_000;
/** The media type of JSON documents, one a line. */
const NDJSON = "application/x-ndjson";
const INSTEAD = "send more as text/plain, one name a line, or in several requests";

const query = queryOf({
  model: modelParameter,
  characters: flag({
    default: true,
    description: "Tell of each character, as `GET /score` does; without, an answer is a fifth as long",
  }).optional(),
});

const readQuery = queryReader(query);

const refusal = z.object({
  index: z.int().optional().openapi({ description: "In an array, which name it is, from 0", example: 1 }),
  line: z.int().optional().openapi({ description: "In text, which line it is, from 1", example: 2 }),
  name: z.string().openapi({
    description: "The name as it was given; of a longer one the first 256 characters",
    example: "r2-d2",
  }),
  error: z.object({ type: z.string(), title: z.string(), detail: z.string() }).openapi({
    description: "What is wrong with it, as a problem of RFC 9457",
    example: {
      type: "urn:edgemore:problem:invalid-name",
      title: "Invalid name",
      detail: 'name has the character "2" at position 1, which model tuned does not know: it knows "abc…xyz"',
    },
  }),
}).openapi("RefusedName");

const answers = z.array(z.union([scoreSchema.partial({ characters: true }), refusal])).openapi("Scores");

const EXAMPLE: z.infer<typeof answers> = [
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
      type: "urn:edgemore:problem:invalid-name",
      title: "Invalid name",
      detail:
        'name has the character "2" at position 1, which model bigram does not know: it knows "abc…xyz"',
    },
  },
];

/** `POST /score`: how likely many names are. */
export const route = createRoute({
  method: "post",
  path: "/score",
  operationId: "scoreMany",
  tags: ["names"],
  summary: "Score many names",
  description:
    "What `GET /score` answers, for each name in order. A name that cannot be scored has an object with " +
    "its place and its `error` there, and the rest goes on. Text is answered while it comes, at the pace at which the " +
    "answer is read: a client reads while it sends, as curl does, or sends no more than some thousand lines. An " +
    "answer that breaks off was not finished.\n\n" +
    `A text may need ${MAX_TEXT_WORK} positions that are not in the cache (a name's are its characters and its end), ` +
    `and with \`characters\` ${MAX_DESCRIBED_POSITIONS} in all. The answer to a line that would need more is the ` +
    "last: its `error` is of type `too-much-work`, and the lines from that one on belong into another request.",
  request: {
    query,
    body: {
      required: true,
      description:
        `A JSON array of at most ${MAX_NAMES} names in ${MAX_BYTES} bytes, with ${MAX_ARRAY_POSITIONS} positions ` +
        "in all (a name's are its characters and its end), or text with one name a line, in UTF-8",
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
      description: "The answers: to a JSON array an array, or one a line where `Accept` prefers " +
        `${NDJSON}; to text always one a line`,
      content: {
        "application/json": { schema: answers, example: EXAMPLE },
        [NDJSON]: {
          schema: z.string().openapi({ description: "A JSON object a line, as in the array" }),
          example: EXAMPLE.map((answer) => `${JSON.stringify(answer)}\n`).join(""),
        },
      },
    },
    ...MODEL_PROBLEMS,
    400: problemResponse(
      "A parameter has a value that is not allowed, or the body is no JSON array of texts",
      {
        "No array of texts": Problem.ofParameters("invalid-parameter", [
          { parameter: "body", message: "must be a JSON array of names, got the number 5 at index 1" },
        ]),
      },
    ),
    408: problemResponse("The body comes too slowly", {
      "Nothing came": new Problem(
        "request-timeout",
        "The body kept the server waiting for 30 s; a body must come at 8192 bytes a second or more",
      ),
    }),
    413: problemResponse(
      `The array has more than ${MAX_NAMES} names, ${MAX_BYTES} bytes or ${MAX_ARRAY_POSITIONS} positions`,
      {
        "Too many names": new Problem(
          "body-too-large",
          `The body must have at most ${MAX_NAMES} names, has 12000; ${INSTEAD}`,
        ),
      },
    ),
    415: problemResponse("The body is neither application/json nor text/plain in UTF-8, or it is encoded", {
      "An image": new Problem(
        "unsupported-media-type",
        'The body must be application/json or text/plain, in UTF-8, got "image/png"',
      ),
      "Packed with gzip": new Problem(
        "unsupported-media-type",
        'The body must come as it is, without a content-encoding, got "gzip"',
      ),
    }),
    503: problemResponse(
      "The model is broken, or the server busy: then `Retry-After` says when to ask again",
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
});

/**
 * Answers `POST /score` from the models of a registry.
 *
 * @param timeout How long a body may keep the server waiting, in seconds.
 */
export function handler(registry: Registry, timeout = BODY_TIMEOUT): RouteHandler<typeof route> {
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
        onFailure: failureOf,
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
      const scored = scoreArray(served, readNames(bytes), characters);
      return prefersLines(context)
        ? streamed(context, NDJSON, linesOfArray(scored), release)
        : streamed(context, "application/json", arrayOf(scored), release);
    } catch (error) {
      release();
      throw error;
    }
  };
}

/** What stands in the place of a name for which the model fails. */
function failureOf(error: unknown): RefusedName["error"] {
  const { type, title, detail } = problemOf(error as Error).toJSON();
  return { type, title, detail };
}

/** An answer as its pieces are made. Its type is what they amount to, for a typed client. */
type Streamed = Response & TypedResponse<z.infer<typeof answers>, 200, "json">;

function streamed(
  context: Context,
  type: string,
  pieces: AsyncGenerator<string>,
  ended?: () => void,
): Streamed {
  return context.body(textStream(pieces, ended), 200, { "content-type": type }) as unknown as Streamed;
}

/** @throws {Problem} 415 if the body is packed in some way. */
function requireUnencoded(context: Context): void {
  const encoding = context.req.header("content-encoding")?.trim() || "identity";
  if (encoding.toLowerCase() === "identity") return;
  const detail = `The body must come as it is, without a content-encoding, got ${JSON.stringify(encoding)}`;
  throw new Problem("unsupported-media-type", detail, [], { "accept-encoding": "identity" });
}

/**
 * What the body is.
 *
 * @throws {Problem} 415 if it is neither of the two that are read.
 */
function bodyType(context: Context): "application/json" | "text/plain" {
  const header = context.req.header("content-type") ?? "";
  const [type, ...parameters] = header.toLowerCase().split(";").map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  const utf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  if (utf8 && (type === "application/json" || type === "text/plain")) return type;
  const got = header === "" ? "no content-type" : JSON.stringify(header);
  throw new Problem(
    "unsupported-media-type",
    `The body must be application/json or text/plain, in UTF-8, got ${got}`,
  );
}

/** Whether the client would rather have a JSON object a line than an array. */
function prefersLines(context: Context): boolean {
  const supports = ["application/json", NDJSON];
  return accepts(context, { header: "Accept", supports, default: supports[0] }) === NDJSON;
}

/**
 * The names of a JSON array.
 *
 * @throws {Problem} 400 if it is no array of texts, 413 if there are too many.
 */
function readNames(bytes: Uint8Array): string[] {
  const refuse = (got: string) => {
    const message = `must be a JSON array of names, ${got}`;
    return Problem.ofParameters("invalid-parameter", [{ parameter: "body", message }]);
  };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw refuse(error instanceof SyntaxError ? `is not JSON: ${error.message}` : "is not UTF-8");
  }
  if (!Array.isArray(json)) throw refuse(`got ${kindOf(json)}`);
  const requireAtMost = (limit: number, things: string, count: number) => {
    if (count <= limit) return;
    const detail = `The body must have at most ${limit} ${things}, has ${count}; ${INSTEAD}`;
    throw new Problem("body-too-large", detail);
  };
  requireAtMost(MAX_NAMES, "names", json.length);
  const names = json.map((name: unknown, index) => {
    if (typeof name === "string") return name;
    throw refuse(`got ${kindOf(name)} at index ${index}`);
  });
  // Names that are too long are refused, and cost nothing more.
  const positions = names.reduce((sum, { length }) => sum + Math.min(length, MAX_NAME_LENGTH) + 1, 0);
  requireAtMost(MAX_ARRAY_POSITIONS, "positions (the characters of each name, and its end)", positions);
  return names;
}

/** A value's kind in the words of JSON. */
function kindOf(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string") return "a text";
  return Array.isArray(value) ? "an array" : "an object";
}

type ScoredName = ScoreRecord | RefusedName & { index: number };

async function* scoreArray(
  served: ServedModel,
  names: readonly string[],
  characters?: boolean,
): AsyncGenerator<ScoredName[]> {
  let index = 0;
  const work = new Work(MAX_ARRAY_POSITIONS);
  for (const batch of inBatches(names, ({ length }) => Math.min(length, MAX_NAME_LENGTH))) {
    await work.pause();
    const results = await scoreNames(served, batch, { characters, work, onFailure: failureOf });
    const first = index;
    yield results.map((result, i) => ("error" in result ? { index: first + i, ...result } : result));
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
  return `${JSON.stringify("error" in result ? { line, ...result } : result)}\n`;
}
