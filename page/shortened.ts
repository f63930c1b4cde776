/** The beginning of a text, with an ellipsis if there is more. */
export function shortened(text: string, maxCharacters: number): string {
  const characters = Array.from(text);
  return characters.length > maxCharacters ? `${characters.slice(0, maxCharacters).join("")}…` : text;
}
