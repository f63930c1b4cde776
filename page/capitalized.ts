/** A word at the beginning of a label. */
export function capitalized(word: string): string {
  return word.replace(/^./u, (letter) => letter.toUpperCase());
}
