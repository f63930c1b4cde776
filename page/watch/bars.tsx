import type { VNode } from "preact";
import { visibleCharacter } from "../../shared/visible_character.ts";
import { narrow } from "../narrow.ts";
import { percent } from "../number_format.ts";
import { letterName } from "./tell.ts";
import type { NextLetter, Segment } from "./next_letter.ts";

/** The most bars on a wide and on a narrow window. */
const [WIDE, NARROW] = [48, 20];
/** In units of the drawing: the distance of two bars, their height, and the room for their letters. */
const [PITCH, HEIGHT, LABELS] = [18, 90, 24];

interface BarsProps {
  /** In the order of the vocabulary, the end first, with the model's own probabilities. */
  letters: readonly NextLetter[];
  /** Their probabilities after temperature, top-k and top-p. */
  shaped: readonly number[];
  drawn: Segment | null;
}

/** How likely each next letter is: outlined as the model has it, filled as it is drawn from. */
export function Bars({ letters, shaped, drawn }: BarsProps): VNode {
  const all = letters.map((letter, i) => ({ ...letter, shaped: shaped[i] }));
  const most = Math.max(...all.map(({ probability, shaped }) => Math.max(probability, shaped)));
  const least = all.map(({ probability }) => probability).sort((a, b) => b - a)[
    (narrow.value ? NARROW : WIDE) - 1
  ] ?? 0;
  const isDrawn = ({ character, end }: NextLetter) => character === drawn?.character && end === drawn.end;
  // Chosen by the model's own probabilities, so that the bars stay where they are while they are reshaped.
  const isLikely = ({ probability }: NextLetter) => probability >= least;
  const bars = all.filter((letter) => isLikely(letter) || isDrawn(letter));
  const likeliest = all.toSorted((a, b) => b.shaped - a.shaped).slice(0, 5)
    .map((letter) => `${letterName(letter)} ${percent(letter.shaped)}`).join(", ");
  return (
    <figure class="bars">
      <svg
        viewBox={`0 0 ${PITCH * bars.length} ${HEIGHT + LABELS}`}
        role="img"
        aria-label={`How likely each next letter is: ${likeliest}`}
      >
        {bars.map((letter, i) => {
          const { character, end, probability, shaped } = letter;
          const height = HEIGHT * shaped / most;
          const own = HEIGHT * probability / most;
          return (
            <g
              key={end ? "end" : character}
              class={isDrawn(letter) ? "drawn" : ""}
              transform={`translate(${PITCH * i} 0)`}
            >
              <rect class="shaped" x="2" y={HEIGHT - height} width={PITCH - 4} height={height} />
              <rect class="own" x="2" y={HEIGHT - own} width={PITCH - 4} height={own} />
              <text x={PITCH / 2} y={HEIGHT + 16} text-anchor="middle">
                {end ? "■" : visibleCharacter(character)}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption class="hint">
        How likely each next letter is: outlined, by the model; filled, as it is drawn from, after
        temperature, top-k and top-p. ■ is the end.
        {bars.length < all.length &&
          ` These are the ${bars.filter(isLikely).length} likeliest of ${all.length}${
            bars.every(isLikely) ? "" : ", and the one that is drawn"
          }.`}
      </figcaption>
    </figure>
  );
}
