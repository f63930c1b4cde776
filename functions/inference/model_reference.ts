/** The fewest hexadecimal digits of a SHA-256 that pin a model. */
const MIN_DIGITS = 8;
/** The hexadecimal digits of a whole SHA-256. */
const MAX_DIGITS = 64;

/** The length of the longest reference: the longest name, "@" and a whole SHA-256. */
export const MAX_REFERENCE_LENGTH = 64 + 1 + MAX_DIGITS;

/** How a request refers to a model. */
export interface ModelReference {
  name: string;
  /** The first digits of the SHA-256 of its ONNX file, in lower case; null if the reference is not pinned. */
  digits: string | null;
}

/**
 * Parses a reference to a model: its name, or its name pinned to a file.
 *
 * @throws {RangeError} If "@" is not followed by 8 to 64 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { parseModelReference } from "./model_reference.ts";
 *
 * parseModelReference("gru@C2D60BC2"); // { name: "gru", digits: "c2d60bc2" }
 * ```
 */
export function parseModelReference(text: string): ModelReference {
  const at = text.indexOf("@");
  if (at === -1) return { name: text, digits: null };
  const digits = text.slice(at + 1).toLowerCase();
  if (digits.length >= MIN_DIGITS && digits.length <= MAX_DIGITS && /^[0-9a-f]+$/.test(digits)) {
    return { name: text.slice(0, at), digits };
  }
  throw new RangeError(
    `must be pinned by ${MIN_DIGITS} to ${MAX_DIGITS} hexadecimal digits of the SHA-256 of its ONNX file, as in ` +
      `gru@c2d60bc2, got ${JSON.stringify(text)}`,
  );
}

/** Makes the shortest reference that pins a model to its file. */
export function pinnedReference(name: string, sha256: string): string {
  return `${name}@${sha256.slice(0, MIN_DIGITS)}`;
}
