import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { BrokenModelError } from "../shared/broken_model_error.ts";
import { once } from "../shared/once.ts";
import { WorkLimitError } from "../shared/work.ts";

/** The media type of error responses. */
export const PROBLEM_TYPE = "application/problem+json";

/** The body of every error response: a problem document (RFC 9457). */
export const problemSchema = once(() =>
  z.object({
    type: z.string().openapi({ example: "urn:edgemore:problem:invalid-parameter" }),
    title: z.string().openapi({ example: "Invalid parameter" }),
    status: z.int().openapi({ example: 400 }),
    detail: z.string().openapi({ example: 'n must be a whole number from 1 to 1000, got "0"' }),
    errors: z.array(z.object({ parameter: z.string(), message: z.string() })).openapi({
      description: "The parameters at fault and what is wrong with each; empty if no parameter is",
      example: [{ parameter: "n", message: 'must be a whole number from 1 to 1000, got "0"' }],
    }),
  }).openapi("Problem")
);

export type ProblemDocument = z.infer<ReturnType<typeof problemSchema>>;

/** An error in one parameter of a request. */
export type ParameterError = ProblemDocument["errors"][number];

/** Each kind of problem, which ends its `type` URN, with its title and status. */
const KINDS = {
  "invalid-parameter": ["Invalid parameter", 400],
  "invalid-host": ["Invalid host", 400],
  "unauthorized": ["Unauthorized", 401],
  "unknown-model": ["Unknown model", 404],
  "unknown-job": ["Unknown job", 404],
  "not-found": ["Not found", 404],
  "method-not-allowed": ["Method not allowed", 405],
  "request-timeout": ["Request timeout", 408],
  "job-unfinished": ["Job unfinished", 409],
  "job-gone": ["Job gone", 410],
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

/** An error that is sent to the client as a problem document. */
export class Problem extends Error {
  override name = "Problem";

  constructor(
    readonly kind: ProblemKind,
    detail: string,
    readonly errors: readonly ParameterError[] = [],
    /** Headers of the response, such as Retry-After. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  /** Makes a problem whose detail lists the given parameter errors. */
  static ofParameters(kind: ProblemKind, errors: readonly ParameterError[]): Problem {
    return new Problem(
      kind,
      errors.map(({ parameter, message }) => `${parameter} ${message}`).join("; "),
      errors,
    );
  }

  /** The problem document; `JSON.stringify` calls this. */
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

/** Makes the error response for an error that a handler threw; see {@link problemOf}. */
export function answerProblem(error: Error, context: Context): Response {
  const problem = problemOf(error);
  const document = problem.toJSON();
  return context.body(JSON.stringify(document), KINDS[problem.kind][1], {
    "content-type": PROBLEM_TYPE,
    ...problem.headers,
  });
}

/**
 * Converts an error to a problem. An error that nobody expected is logged, and its message is not sent: it becomes a plain
 * "internal-error".
 */
export function problemOf(error: Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BrokenModelError) {
    return new Problem("broken-model", `The model cannot answer: ${error.message}`);
  }
  if (error instanceof WorkLimitError) {
    return new Problem("too-much-work", `${error.message}; ask for fewer or shorter things in a request`);
  }
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem("invalid-parameter", error.message);
  }
  console.error(error);
  return new Problem("internal-error", "The server failed to answer: internal server error");
}
