import { z } from "@hono/zod-openapi";
import { Problem } from "../problem.ts";
import { problemResponse } from "./problem_responses.ts";

/** The path parameter of the routes under `/models/{name}`. */
export const modelPath = z.object({
  name: z.string().openapi({
    description:
      "A model of `GET /models`. `mlp@` and the first 8 or more digits of the SHA-256 of its ONNX file pin it",
    example: "mlp",
  }),
});

/** The error of a path that pins a model to something that is not the beginning of a SHA-256. */
export const PIN_PROBLEM = problemResponse(
  "The model is pinned to something that is not the beginning of a SHA-256",
  {
    "Too few digits": Problem.ofParameters("invalid-parameter", [
      {
        parameter: "name",
        message:
          "must be pinned by 8 to 64 hexadecimal digits of the SHA-256 of its ONNX file, as in tuned@c2d60bc2, " +
          'got "tuned@c2"',
      },
    ]),
  },
);
