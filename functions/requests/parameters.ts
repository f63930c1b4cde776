import { z } from "@hono/zod-openapi";
import { MAX_REFERENCE_LENGTH } from "../inference/model_reference.ts";
import { MAX_MARKS, nameLength } from "../../shared/name_length.ts";

/*
 * Schemas of query parameters. Each parses the text of a parameter, describes the allowed values in the OpenAPI document,
 * and rejects others with a message that has the value and what is allowed.
 */

/** The schema of a parameter: from its text to its value. */
export type Parameter<Value> = z.ZodPipe<z.ZodString, z.ZodTransform<Value, string>>;

/** Reads the text of a parameter: its value, or undefined if it is not allowed. */
export type ReadText = (text: string) => unknown;

/** What the schemas of this file read texts with. */
const reads = new WeakMap<z.ZodType, ReadText>();

/** The function with which a parameter's schema reads a text, for callers who need no message about a text that is not allowed. */
export function readTextOf(schema: z.ZodType): ReadText {
  const given = schema instanceof z.ZodOptional ? schema.unwrap() as z.ZodType : schema;
  return reads.get(given) ?? ((text) => given.safeParse(text).data);
}

interface Documentation<Value> {
  description: string;
  default?: Value;
  example?: Value;
}

/** The type and limits of a parameter's value, as in JSON Schema. */
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

/** Makes the schema of a query with the given parameters, which rejects any other. */
export function queryOf<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === "unrecognized_keys" ? `is no parameter of this route, which has ${known}` : undefined,
  });
}

/** A whole number in a range, in decimal digits. */
export function wholeNumber({ minimum, maximum, ...documentation }: Range): Parameter<number> {
  return parameter(
    `a whole number from ${minimum} to ${maximum}`,
    (text) => inRange(/^\d+$/.test(text) ? Number(text) : NaN, minimum, maximum),
    { type: "integer", minimum, maximum, ...documentation },
  );
}

/** A number in a range, in decimal notation. */
export function decimal({ minimum, maximum, ...documentation }: Range): Parameter<number> {
  const digits = /^(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
  return parameter(
    `a number from ${minimum} to ${maximum}`,
    (text) => inRange(digits.test(text) ? Number(text) : NaN, minimum, maximum),
    { type: "number", minimum, maximum, ...documentation },
  );
}

/** A text whose number of characters (code points) is in a range. */
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

/** One of a list of words. */
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

/** A boolean, `true` or `false`. */
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
  const schema = z.string({ error: `must be given once, and be ${allowed}` }).transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${allowed}, got ${JSON.stringify(text)}` });
    return z.NEVER;
  }).openapi({ ...document });
  reads.set(schema, read);
  return schema;
}

function inRange(value: number, minimum: number, maximum: number): number | undefined {
  return value >= minimum && value <= maximum ? value : undefined;
}

/** The parameter `model`. */
export const modelParameter: z.ZodOptional<Parameter<string>> = text({
  minimum: 1,
  maximum: MAX_REFERENCE_LENGTH,
  description:
    "The model, one of `GET /models`. `mlp@` and the first 8 or more digits of the SHA-256 of its ONNX file pin " +
    "it: the response may then be cached without limit, and is 404 if the file is another",
  example: "mlp",
}).optional();
