import { z } from "@hono/zod-openapi";
import { once } from "../../shared/once.ts";
import { Problem } from "../problem.ts";
import { problemResponse } from "./problem_responses.ts";

/** The path parameter of the routes under `/models/{name}`. */
export const modelPath = once(() =>
  z.object({
    name: z.string().openapi({
      description:
        "The name of a model, from `GET /models`. `mlp@` and the first 8 or more digits of the SHA-256 of its ONNX file pin it",
      example: "mlp",
    }),
  })
);

/** The error response to a path with a malformed pin. */
export const pinProblem = once(() =>
  problemResponse(
    "The digits after the model's name are not the beginning of a SHA-256",
    {
      "Too few digits": Problem.ofParameters("invalid-parameter", [
        {
          parameter: "name",
          message:
            "must be pinned by 8 to 64 hexadecimal digits of the SHA-256 of its ONNX file, as in gru@c2d60bc2, " +
            'got "gru@c2"',
        },
      ]),
    },
  )
);
