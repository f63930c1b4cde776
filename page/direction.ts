/** Characters of the scripts that are written from right to left, among them Hebrew, Arabic and N’Ko, by their blocks. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: what is between them has a direction of its own. */
const [ISOLATE, POP] = ["\u2068", "\u2069"];

/** The direction in which the letters of a text are laid out; undefined for the page's own, from left to right. */
export function directionOf(text: string): "rtl" | undefined {
  return RIGHT_TO_LEFT.test(text) ? "rtl" : undefined;
}

/** A text as a part of an English sentence, whose words stay in their order. */
export function isolated(text: string): string {
  return directionOf(text) ? ISOLATE + text + POP : text;
}
