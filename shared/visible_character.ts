/** Characters without a form of their own: spaces, control and format characters, such as the joiner in emoji. */
const INVISIBLE = /^[\p{Z}\p{Cc}\p{Cf}\p{Variation_Selector}]$/u;
/** Characters that are written over or under the one before, such as accents. */
const COMBINING = /^\p{M}$/u;
/** What a combining character is shown on, and an invisible one as. */
const DOTTED_CIRCLE = "◌";

/** How a character is displayed where it stands alone: a space as ␣, an accent on a dotted circle, which can be seen. */
export function visibleCharacter(character: string): string {
  if (character === " ") return "␣";
  if (INVISIBLE.test(character)) return DOTTED_CIRCLE;
  return COMBINING.test(character) ? DOTTED_CIRCLE + character : character;
}
