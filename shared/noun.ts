/** Maximum length of a noun, in UTF-16 units. */
export const MAX_NOUN_LENGTH = 40;

/** What the things of a list are called if the name of its file does not say so. */
const FALLBACK = "things";
/** Plurals in the names of files that say nothing about what is in them. */
const GENERIC = new Set([
  "entries",
  "examples",
  "files",
  "items",
  "lines",
  "lists",
  "rows",
  "samples",
  "texts",
]);
/** A word that is probably an English plural: not a class, a status or an analysis. */
const PLURAL = /^.{2,}[^isu]s$/u;

/** Letters, digits, spaces, hyphens and apostrophes. Not a regex of zod's: JSON Schema has none with the flag u. */
const NOUN = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} '’-]*$/u;

/** Whether a text can stand in sentences such as "20 towns from paris". */
export function isNoun(text: string): boolean {
  return text.length <= MAX_NOUN_LENGTH && NOUN.test(text);
}

/**
 * What the things of a list are called, derived from names: the last word that is probably an English plural in the name of the
 * list's file, or else in that of the model. "things" if there is none, since a sentence such as "20 french from paris" would be
 * worse than one with "things".
 *
 * @param file The file's name, such as `us-names-2018.txt`, which gives "names".
 * @param model The model's name.
 */
export function deriveNoun(file: string, model: string): string {
  return pluralIn(file.replace(/\.[^.]*$/, "")) ?? pluralIn(model) ?? FALLBACK;
}

function pluralIn(name: string): string | undefined {
  const words: string[] = name.normalize("NFC").toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  return words.findLast((word) => PLURAL.test(word) && !GENERIC.has(word) && isNoun(word));
}

/** What the things of a model are called: the noun on its card. Older cards have none, and it is derived. */
export function nounOf(card: { noun?: string; name: string; dataset: { name: string } }): string {
  return card.noun ?? deriveNoun(card.dataset.name, card.name);
}
