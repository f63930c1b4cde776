import { z } from "@hono/zod-openapi";
import { MAX_REFERENCE_LENGTH } from "../inference/model_reference.ts";
import { MAX_MARKS, nameLength } from "../../shared/name_length.ts";
import { once } from "../../shared/once.ts";

/*
 * Query parameters. Each reads its text. Its schema describes the allowed values in the OpenAPI document, and rejects others with
 * a message that has the value and what is allowed; it is made when it is first needed, and most queries need none.
 */

/** The schema of a parameter: from its text to its value. */
export type TextSchema<Value> = z.ZodPipe<z.ZodString, z.ZodTransform<Value, string>>;

/** A parameter of a query. */
export class Parameter<Schema extends z.ZodType> {
  constructor(
    /** Reads the text of the parameter: its value, or undefined if it is not allowed. */
    readonly read: (text: string) => unknown,
    /** Returns the schema, which is made by the first call. */
    readonly schema: () => Schema,
    readonly required: boolean,
  ) {}

  /** The same parameter, which need not be given. */
  optional(): Parameter<z.ZodOptional<Schema>> {
    return new Parameter<z.ZodOptional<Schema>>(this.read, once(() => this.schema().optional()), false);
  }
}

/** A query. */
export interface Query<Schema extends z.ZodObject> {
  readonly parameters: Readonly<Record<string, Parameter<z.ZodType>>>;
  /** Returns the schema of the whole query, which is made by the first call. */
  readonly schema: () => Schema;
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

/** Makes a query with the given parameters, whose schema rejects any other. */
export function queryOf<Parameters extends Record<string, Parameter<z.ZodType>>>(
  parameters: Parameters,
): Query<z.ZodObject<Shape<Parameters>, z.core.$strict>> {
  const schema = once(() => {
    const known = Object.keys(parameters).join(", ");
    const shape = Object.entries(parameters).map(([name, parameter]) => [name, parameter.schema()]);
    return z.strictObject(Object.fromEntries(shape) as Shape<Parameters>, {
      error: ({ code }) =>
        code === "unrecognized_keys" ? `is no parameter of this route, which has ${known}` : undefined,
    });
  });
  return { parameters, schema };
}

/** The schemas of parameters, by their names. */
type Shape<Parameters extends Record<string, Parameter<z.ZodType>>> = {
  [Name in keyof Parameters]: ReturnType<Parameters[Name]["schema"]>;
};

/** A whole number in a range, in decimal digits. */
export function wholeNumber({ minimum, maximum, ...documentation }: Range): Parameter<TextSchema<number>> {
  return parameter(
    `a whole number from ${minimum} to ${maximum}`,
    (text) => inRange(/^\d+$/.test(text) ? Number(text) : NaN, minimum, maximum),
    { type: "integer", minimum, maximum, ...documentation },
  );
}

/** A number in a range, in decimal notation. */
export function decimal({ minimum, maximum, ...documentation }: Range): Parameter<TextSchema<number>> {
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
): Parameter<TextSchema<string>> {
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
): Parameter<TextSchema<Word>> {
  return parameter(
    words.map((word) => JSON.stringify(word)).join(" or "),
    (text) => words.find((word) => word === text),
    { type: "string", enum: [...words], ...documentation },
  );
}

/** A boolean, `true` or `false`. */
export function flag(documentation: Documentation<boolean>): Parameter<TextSchema<boolean>> {
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
): Parameter<TextSchema<Value>> {
  const schema = once(() =>
    z.string({ error: `must be given once, and be ${allowed}` }).transform((text, context) => {
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: "custom", message: `must be ${allowed}, got ${JSON.stringify(text)}` });
      return z.NEVER;
    }).openapi({ ...document })
  );
  return new Parameter(read, schema, true);
}

function inRange(value: number, minimum: number, maximum: number): number | undefined {
  return value >= minimum && value <= maximum ? value : undefined;
}

/** The parameter `model`. */
export const modelParameter: Parameter<z.ZodOptional<TextSchema<string>>> = text({
  minimum: 1,
  maximum: MAX_REFERENCE_LENGTH,
  description:
    "The model, one of `GET /models`. `mlp@` and the first 8 or more digits of the SHA-256 of its ONNX file pin " +
    "it: the response may then be cached without limit, and is 404 if the file is another",
  example: "mlp",
}).optional();
