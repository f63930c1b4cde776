import { isSurelyNfc } from "./nfc.ts";

/** Maximum length of a name that is generated or scored, in characters: code points in normalization form C. */
export const MAX_NAME_LENGTH = 256;
/**
 * Maximum length of a name before normalization, in UTF-16 units: a character decomposes into at most four code points
 * of at most two units each.
 */
export const MAX_NAME_UNITS = 8 * MAX_NAME_LENGTH;
/**
 * Maximum number of consecutive combining marks. Normalization sorts them in quadratic time. The Stream-Safe Text Format
 * has the same limit.
 *
 * Source: Unicode Standard Annex #15, section 13.
 */
export const MAX_MARKS = 30;

const TOO_MANY_MARKS = new RegExp(`\\p{M}{${MAX_MARKS + 1}}`, "u");

/**
 * Whether a text can be normalized quickly: it is well-formed, not too long, and has no long run of combining marks.
 * Check this before normalizing any text from a client.
 */
export function isNormalizable(text: string): boolean {
  return text.length <= MAX_NAME_UNITS && text.isWellFormed() && !TOO_MANY_MARKS.test(text);
}

/**
 * The length of a name, in characters of normalization form C.
 *
 * @returns NaN if the text must not be normalized: see {@link isNormalizable}.
 */
export function nameLength(text: string): number {
  if (text.length <= MAX_NAME_UNITS && isSurelyNfc(text)) return text.length;
  return isNormalizable(text) ? Array.from(text.normalize("NFC")).length : NaN;
}
