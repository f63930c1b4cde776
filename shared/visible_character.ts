/** How a character is displayed where it stands alone: a space as ␣, which can be seen. */
export function visibleCharacter(character: string): string {
  return character === " " ? "␣" : character;
}
