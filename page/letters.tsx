import type { VNode } from "preact";
import { visibleCharacter } from "../shared/visible_character.ts";
import { directionOf } from "./direction.ts";
import { percent } from "./number_format.ts";
import type { Answer } from "./use_answer.ts";

/** The strongest shade of surprise, which has no upper limit; the weakest is 0. */
export const STRONGEST = 9;
/** A text with more letters than this has smaller ones. */
const MANY = 24;
/** Width of a shade in nats: a character of probability 0.6 has the second weakest, one of 0.01 the strongest. */
const NATS_PER_SHADE = 0.5;

type Character = Answer<"score">["characters"][number];

/** The letters of a scored text: the more one surprises the model, the stronger its colour. */
export function Letters({ characters, label }: { characters: readonly Character[]; label: string }): VNode {
  const direction = directionOf(characters.map(({ character }) => character).join(""));
  return (
    <ol
      role="list"
      class={characters.length > MANY ? "letters many" : "letters"}
      dir={direction}
      aria-label={label}
    >
      {characters.map((character, i) => (
        <Letter
          key={i}
          {...character}
          isEnd={i === characters.length - 1}
        />
      ))}
    </ol>
  );
}

/** @param isEnd The end of the text, which the API shows as ".": a text may contain that character too. */
function Letter({ character, probability, nll, isEnd }: Character & { isEnd: boolean }): VNode {
  const shade = Math.min(STRONGEST, Math.floor((nll ?? Infinity) / NATS_PER_SHADE));
  return (
    <li class={`letter shade-${shade}${isEnd ? " end" : ""}`}>
      <span class="character">{isEnd ? "end" : visibleCharacter(character)}</span>
      <span class="probability">
        {percent(probability)} <span class="visually-hidden">likely, {surprise(probability)}</span>
      </span>
    </li>
  );
}

/** The colour of a character in words. */
function surprise(probability: number): string {
  if (probability > 0.3) return "expected";
  if (probability > 0.08) return "no surprise";
  if (probability > 0.02) return "a little surprising";
  return probability > 0.003 ? "surprising" : "very surprising";
}
