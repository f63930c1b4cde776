import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { BrokenModelError } from "../shared/broken_model_error.ts";
import { WorkLimitError } from "../shared/work.ts";

/** The media type of errors. */
export const PROBLEM_TYPE = "application/problem+json";

/** An error as it is answered: a problem document of RFC 9457. */
export const problemSchema = z.object({
  type: z.string().openapi({ example: "urn:edgemore:problem:invalid-parameter" }),
  title: z.string().openapi({ example: "Invalid parameter" }),
  status: z.int().openapi({ example: 400 }),
  detail: z.string().openapi({ example: 'n must be a whole number from 1 to 1000, got "0"' }),
  errors: z.array(z.object({ parameter: z.string(), message: z.string() })).openapi({
    description: "What is wrong with which parameter; empty where it is none's fault",
    example: [{ parameter: "n", message: 'must be a whole number from 1 to 1000, got "0"' }],
  }),
}).openapi("Problem");

export type ProblemDocument = z.infer<typeof problemSchema>;

/** What is wrong with one parameter of a request. */
export type ParameterError = ProblemDocument["errors"][number];

/** The kinds of problem: the last part of the type, its title and its status. */
const KINDS = {
  "invalid-parameter": ["Invalid parameter", 400],
  "invalid-host": ["Invalid host", 400],
  "unauthorized": ["Unauthorized", 401],
  "unknown-model": ["Unknown model", 404],
  "not-found": ["Not found", 404],
  "method-not-allowed": ["Method not allowed", 405],
  "request-timeout": ["Request timeout", 408],
  "body-too-large": ["Body too large", 413],
  "uri-too-long": ["Address too long", 414],
  "unsupported-media-type": ["Unsupported media type", 415],
  "too-much-work": ["Too much work", 422],
  "too-many-requests": ["Too many requests", 429],
  "internal-error": ["Internal error", 500],
  "broken-model": ["Broken model", 503],
  "opening-model": ["Model is being opened", 503],
  "server-busy": ["Server busy", 503],
} as const;

export type ProblemKind = keyof typeof KINDS;

/** An error that a request is answered with. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly kind: ProblemKind,
    detail: string,
    readonly errors: readonly ParameterError[] = [],
    /** What the answer's headers say of it. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  /** A problem with parameters alone; its detail is made of them. */
  static ofParameters(kind: ProblemKind, errors: readonly ParameterError[]): Problem {
    return new Problem(
      kind,
      errors.map(({ parameter, message }) => `${parameter} ${message}`).join("; "),
      errors,
    );
  }

  /** The problem as its document. */
  toJSON(): ProblemDocument {
    const [title, status] = KINDS[this.kind];
    return {
      type: `urn:edgemore:problem:${this.kind}`,
      title,
      status,
      detail: this.message,
      errors: [...this.errors],
    };
  }
}

/**
 * Answers a request with the problem that an error is; what is no problem of the request's is an internal
 * error.
 */
export function answerProblem(error: Error, context: Context): Response {
  const problem = problemOf(error);
  const document = problem.toJSON();
  return context.body(JSON.stringify(document), KINDS[problem.kind][1], {
    "content-type": PROBLEM_TYPE,
    ...problem.headers,
  });
}

/** The problem that an error is; one that is no problem of the request's is logged. */
export function problemOf(error: Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BrokenModelError) {
    return new Problem("broken-model", `The model cannot answer: ${error.message}`);
  }
  if (error instanceof WorkLimitError) {
    return new Problem("too-much-work", `${error.message}; ask for fewer or shorter names in a request`);
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem("invalid-parameter", error.message);
  }
  console.error(error);
  return new Problem("internal-error", "The server failed to answer: internal server error");
}

/** How errors of one status stand in the OpenAPI document. */
export interface ProblemResponse {
  description: string;
  content: {
    [PROBLEM_TYPE]: {
      schema: typeof problemSchema;
      examples: Record<string, { summary: string; value: ProblemDocument }>;
    };
  };
}

/**
 * Describes the errors of one status.
 *
 * @param examples Problems as they are answered, by what is wrong.
 */
export function problemResponse(description: string, examples: Record<string, Problem>): ProblemResponse {
  const documents = Object.entries(examples).map((
    [summary, problem],
    i,
  ) => [`${problem.kind}-${i + 1}`, { summary, value: problem.toJSON() }]);
  return {
    description,
    content: { [PROBLEM_TYPE]: { schema: problemSchema, examples: Object.fromEntries(documents) } },
  };
}

/** The errors of every route on which a model answers, for its OpenAPI document. */
export const MODEL_PROBLEMS: Record<400 | 404 | 503, ProblemResponse> = {
  400: problemResponse("A parameter has a value that is not allowed", {
    "A value out of range": Problem.ofParameters("invalid-parameter", [
      { parameter: "n", message: 'must be a whole number from 1 to 1000, got "0"' },
    ]),
    "A character that the model does not know": Problem.ofParameters("invalid-parameter", [
      {
        parameter: "name",
        message: '"a1" has the character "1" at position 1, which model mlp does not know: it knows ' +
          '"abcdefghijklmnopqrstuvwxyz"',
      },
    ]),
    "A parameter that the route has not": Problem.ofParameters("invalid-parameter", [
      { parameter: "temprature", message: "is no parameter of this route, which has n, model, temperature" },
    ]),
  }),
  404: problemResponse("There is no such model, or its ONNX file is another", {
    "A model that is not there": Problem.ofParameters("unknown-model", [
      { parameter: "model", message: 'must be a model of this server (bigram, mlp, tuned), got "gpt"' },
    ]),
    "A model that was replaced": Problem.ofParameters("unknown-model", [
      {
        parameter: "model",
        message: 'must be pinned to the file that is served, tuned@c2d60bc2, got "tuned@00000000"',
      },
    ]),
  }),
  503: problemResponse("The model is broken, or not open yet: then `Retry-After` says when to ask again", {
    "A model that cannot be run": new Problem("broken-model", "Model mlp cannot answer: mlp.onnx is missing"),
    "A server that has just started": new Problem(
      "opening-model",
      "Model mlp is still being opened; ask again in 2 s",
    ),
  }),
};
