/** Most characters (code points, in normalization form C) of a name, asked for or asked about. */
export const MAX_NAME_LENGTH = 256;
/**
 * Most UTF-16 units of a name before it is normalised: a character decomposes into at most four code points, and a
 * code point has at most two units.
 */
export const MAX_NAME_UNITS = 8 * MAX_NAME_LENGTH;
/**
 * Most combining marks in a row. Putting marks in order takes time that grows with the square of their number, so the
 * Stream-Safe Text Format allows 30.
 *
 * Source: Unicode Standard Annex #15, section 13.
 */
export const MAX_MARKS = 30;

/** Below U+0300 there are no marks, and nothing to compose. */
const ALREADY_NORMAL = /^[\0-\u02ff]*$/;
const TOO_MANY_MARKS = new RegExp(`\\p{M}{${MAX_MARKS + 1}}`, "u");

/**
 * Whether a text may be normalised in little time: it is well-formed, not too long, and not too many marks follow each
 * other. Whatever a stranger sends has to pass this before it is normalised.
 */
export function isNormalizable(text: string): boolean {
  return text.length <= MAX_NAME_UNITS && text.isWellFormed() && !TOO_MANY_MARKS.test(text);
}

/**
 * How many characters a name has, in normalization form C.
 *
 * @returns NaN for a text that is not to be normalised: see {@link isNormalizable}.
 */
export function nameLength(text: string): number {
  if (text.length <= MAX_NAME_UNITS && ALREADY_NORMAL.test(text)) return text.length;
  return isNormalizable(text) ? Array.from(text.normalize("NFC")).length : NaN;
}
