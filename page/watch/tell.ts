import { visibleCharacter } from "../../shared/visible_character.ts";
import { isolated } from "../direction.ts";
import { percent } from "../number_format.ts";
import type { Making } from "./making.ts";
import { fall, isPlain, lineOf, type NextLetter, type Shaping, withoutEnd } from "./next_letter.ts";

/** Most characters of the text that are repeated. */
const SHOWN = 16;
/** How many of the likeliest letters are told. */
const LIKELIEST = 3;

/** Tells what the picture shows at a step. */
export function tell(
  { text, draw, finished }: Making,
  letters: readonly NextLetter[] | undefined,
  shaping: Shaping,
  noun: string,
): string {
  if (finished) return `The end was drawn: “${isolated(text)}” is finished. The same seed makes it again.`;
  if (!letters) return "The model computes how likely each letter is …";
  const line = lineOf(text === "" && !isPlain(shaping) ? withoutEnd(letters) : letters, shaping);
  if (draw === null) {
    const likeliest = line.toSorted((a, b) => b.to - b.from - (a.to - a.from)).slice(0, LIKELIEST)
      .map((segment) => `${letterName(segment)} ${percent(segment.to - segment.from)}`).join(", ");
    const where = text === "" ? `At the beginning of one of the ${noun}` : `After “${isolated(endOf(text))}”`;
    return `${where}, the likeliest are ${likeliest}. Next, a random number chooses.`;
  }
  const { from, to } = draw.segment;
  const now = letterName(fall(line, draw.uniform).segment);
  return `The random number ${draw.uniform.toFixed(3)} fell between ${from.toFixed(3)} and ${
    to.toFixed(3)
  }: ` +
    `that is ${letterName(draw.segment)}.` +
    (now === letterName(draw.segment) ? "" : ` With the settings as they are now, it would be ${now}.`);
}

/** A letter as a word in a sentence. */
export function letterName({ character, end }: Pick<NextLetter, "character" | "end">): string {
  return end ? "the end" : character === " " ? "a space" : isolated(visibleCharacter(character));
}

function endOf(text: string): string {
  const characters = Array.from(text);
  return characters.length > SHOWN ? `…${characters.slice(-SHOWN).join("")}` : text;
}
