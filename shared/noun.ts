/** Maximum length of a noun, in UTF-16 units. */
export const MAX_NOUN_LENGTH = 40;

/** What the things of a list are called if the name of its file does not say so. */
const FALLBACK = "things";
/** Words in the names of files that say nothing about what is in them. */
const GENERIC = new Set(
  ["all", "clean", "corpus", "data", "dataset", "file", "final", "input", "items", "lines", "list", "lists"]
    .concat("my", "pasted", "raw", "test", "text", "train", "training", "txt", "utf"),
);

/** Letters, digits, spaces, hyphens and apostrophes. Not a regex of zod's: JSON Schema has none with the flag u. */
const NOUN = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} '’-]*$/u;

/** Whether a text can stand in sentences such as "20 towns from paris". */
export function isNoun(text: string): boolean {
  return text.length <= MAX_NOUN_LENGTH && NOUN.test(text);
}

/**
 * What the things of a list are called, derived from the name of its file: the last word that looks like an English plural,
 * or otherwise the last word. "things" if there is none.
 *
 * @param file The file's name, such as `french-communes-2026.txt`, which gives "communes".
 */
export function nounOfFile(file: string): string {
  const stem = file.normalize("NFC").replace(/\.[^.]*$/, "").toLowerCase();
  const words = (stem.match(/[\p{L}\p{M}]+/gu) ?? []).filter((word) => !GENERIC.has(word) && isNoun(word));
  return words.findLast((word) => /...s$/.test(word)) ?? words.at(-1) ?? FALLBACK;
}

/** What the things of a model are called: the noun on its card. Older cards have none, and it is derived from their list. */
export function nounOf(card: { noun?: string; dataset: { name: string } }): string {
  return card.noun ?? nounOfFile(card.dataset.name);
}
