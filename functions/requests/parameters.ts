import { z } from "@hono/zod-openapi";
import { MAX_REFERENCE_LENGTH } from "../inference/model_reference.ts";
import { MAX_MARKS, nameLength } from "../../shared/name_length.ts";

/*
 * Query parameters come as text. Each function here makes the schema of one kind: it reads the text,
 * documents what is allowed in the OpenAPI document, and says of any other value what it is and what is
 * allowed.
 */

/** The schema of a parameter, from its text to its value. */
export type Parameter<Value> = z.ZodPipe<z.ZodString, z.ZodTransform<Value, string>>;

interface Documentation<Value> {
  description: string;
  default?: Value;
  example?: Value;
}

/** What kind of value a parameter has, in the words of JSON Schema. */
interface ParameterType {
  type: "integer" | "number" | "string" | "boolean";
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  enum?: string[];
}

interface Range extends Documentation<number> {
  minimum: number;
  maximum: number;
}

/** The schema of a query: it takes the parameters of a shape, and no others. */
export function queryOf<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys" ? `is no parameter of this route, which has ${known}` : undefined,
  });
}

/** A whole number from a range, in decimal digits. */
export function wholeNumber({ minimum, maximum, ...documentation }: Range): Parameter<number> {
  return parameter(
    `a whole number from ${minimum} to ${maximum}`,
    (text) => inRange(/^\d+$/.test(text) ? Number(text) : NaN, minimum, maximum),
    { type: "integer", minimum, maximum, ...documentation },
  );
}

/** A number from a range, in decimal digits. */
export function decimal({ minimum, maximum, ...documentation }: Range): Parameter<number> {
  const digits = /^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
  return parameter(
    `a number from ${minimum} to ${maximum}`,
    (text) => inRange(digits.test(text) ? Number(text) : NaN, minimum, maximum),
    { type: "number", minimum, maximum, ...documentation },
  );
}

/** A text of so many characters (code points), at most as many as a name may have. */
export function text(
  { minimum, maximum, ...documentation }: Documentation<string> & { minimum: number; maximum: number },
): Parameter<string> {
  return parameter(
    `${minimum} to ${maximum} characters of Unicode text with at most ${MAX_MARKS} combining marks in a row`,
    (text) => {
      const length = nameLength(text);
      return length >= minimum && length <= maximum ? text : undefined;
    },
    { type: "string", minLength: minimum, maxLength: maximum, ...documentation },
  );
}

/** One of some words. */
export function oneOf<Word extends string>(
  words: readonly Word[],
  documentation: Documentation<Word>,
): Parameter<Word> {
  return parameter(
    words.map((word) => JSON.stringify(word)).join(" or "),
    (text) => words.find((word) => word === text),
    { type: "string", enum: [...words], ...documentation },
  );
}

/** Yes or no. */
export function flag(documentation: Documentation<boolean>): Parameter<boolean> {
  return parameter(
    '"true" or "false"',
    (text) => new Map([["true", true], ["false", false]]).get(text),
    { type: "boolean", ...documentation },
  );
}

function parameter<Value>(
  allowed: string,
  read: (text: string) => Value | undefined,
  document: Documentation<Value> & ParameterType,
): Parameter<Value> {
  return z.string({ error: `must be given once, and be ${allowed}` }).transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${allowed}, got ${JSON.stringify(text)}` });
    return z.NEVER;
  }).openapi({ ...document });
}

function inRange(value: number, minimum: number, maximum: number): number | undefined {
  return value >= minimum && value <= maximum ? value : undefined;
}

/** Which model answers. */
export const modelParameter: z.ZodOptional<Parameter<string>> = text({
  minimum: 1,
  maximum: MAX_REFERENCE_LENGTH,
  description:
    "The model that answers, one of `GET /models`. `mlp@` and the first 8 or more digits of the SHA-256 of its " +
    "ONNX file pin it: the answer may then be kept for ever, and is 404 once the model is another",
  example: "mlp",
}).optional();
