import type { Context } from "hono";
import { MAX_NAME_LENGTH } from "../../shared/name_length.ts";
import { Problem } from "../problem.ts";

/*
 * The body of `POST /score`: names as a JSON array, which is parsed whole, or as lines of text, which are streamed.
 */

/** The most names in a JSON array. */
export const MAX_NAMES = 10_000;
/** The most bytes of a JSON array; parsing them blocks the event loop for at most 50 ms. */
export const MAX_BYTES = 2 ** 20;
/**
 * The most positions in a JSON array, which are the characters of each name and its end: a second of work if none is in the
 * cache, and a response of 25 MB.
 */
export const MAX_ARRAY_POSITIONS = 250_000;
/** What to do instead of sending a larger array, for error messages. */
export const INSTEAD = "send more as text/plain, one thing a line, or in several requests";

/** @throws {Problem} 415 if the body has a Content-Encoding. */
export function requireUnencoded(context: Context): void {
  const encoding = context.req.header("content-encoding")?.trim() || "identity";
  if (encoding.toLowerCase() === "identity") return;
  const detail = `The body must come as it is, without a content-encoding, got ${JSON.stringify(encoding)}`;
  throw new Problem("unsupported-media-type", detail, [], { "accept-encoding": "identity" });
}

/**
 * Reads the Content-Type of the body.
 *
 * @throws {Problem} 415 if it is neither JSON nor text in UTF-8.
 */
export function bodyType(context: Context): "application/json" | "text/plain" {
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

/**
 * Parses a JSON array of names.
 *
 * @throws {Problem} 400 if it is not an array of strings, 413 if there are too many.
 */
export function parseNames(bytes: Uint8Array): string[] {
  const refuse = (got: string) => {
    const message = `must be a JSON array of texts, ${got}`;
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
  requireAtMost(MAX_NAMES, "texts", json.length);
  const names = json.map((name: unknown, index) => {
    if (typeof name === "string") return name;
    throw refuse(`got ${kindOf(name)} at index ${index}`);
  });
  // A name that is too long is refused without further work.
  const positions = names.reduce((sum, { length }) => sum + Math.min(length, MAX_NAME_LENGTH) + 1, 0);
  requireAtMost(MAX_ARRAY_POSITIONS, "positions (the characters of each text, and its end)", positions);
  return names;
}

/** The JSON type of a value. */
function kindOf(value: unknown): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string") return "a text";
  return Array.isArray(value) ? "an array" : "an object";
}
