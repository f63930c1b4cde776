import { once } from "../../shared/once.ts";
import { Problem, PROBLEM_TYPE, type ProblemDocument, problemSchema } from "../problem.ts";

/** The error responses of one status, as the OpenAPI document has them. */
export interface ProblemResponse {
  description: string;
  content: {
    [PROBLEM_TYPE]: {
      schema: ReturnType<typeof problemSchema>;
      examples: Record<string, { summary: string; value: ProblemDocument }>;
    };
  };
}

/**
 * Describes the error responses of one status.
 *
 * @param examples Example problems by their summaries.
 */
export function problemResponse(description: string, examples: Record<string, Problem>): ProblemResponse {
  const documents = Object.entries(examples).map((
    [summary, problem],
    i,
  ) => [`${problem.kind}-${i + 1}`, { summary, value: problem.toJSON() }]);
  return {
    description,
    content: { [PROBLEM_TYPE]: { schema: problemSchema(), examples: Object.fromEntries(documents) } },
  };
}

/** The error responses of every route that uses a model. */
export const modelProblems: () => Record<400 | 404 | 503, ProblemResponse> = once(() => ({
  400: problemResponse("A parameter has a value that is not allowed", {
    "A value out of range": Problem.ofParameters("invalid-parameter", [
      { parameter: "n", message: 'must be a whole number from 1 to 1000, got "0"' },
    ]),
    "A character that the model does not know": Problem.ofParameters("invalid-parameter", [
      {
        parameter: "name",
        message: '"a1" has the character "1" at position 2, which model mlp does not know: it knows ' +
          '"abcdefghijklmnopqrstuvwxyz"',
      },
    ]),
    "An unknown parameter": Problem.ofParameters("invalid-parameter", [
      { parameter: "temprature", message: "is no parameter of this route, which has n, model, temperature" },
    ]),
  }),
  404: problemResponse("There is no such model, or it is pinned to another ONNX file", {
    "An unknown model": Problem.ofParameters("unknown-model", [
      { parameter: "model", message: 'must be a model of this server (bigram, gru, mlp), got "gpt"' },
    ]),
    "A model that was replaced": Problem.ofParameters("unknown-model", [
      {
        parameter: "model",
        message: 'must be pinned to the file that is served, gru@c2d60bc2, got "gru@00000000"',
      },
    ]),
  }),
  503: problemResponse("The model is broken, or still opening: then `Retry-After` says when to retry", {
    "A model that cannot be run": new Problem("broken-model", "Model mlp cannot answer: mlp.onnx is missing"),
    "A server that has just started": new Problem(
      "opening-model",
      "Model mlp is still being opened; ask again in 2 s",
    ),
  }),
}));
