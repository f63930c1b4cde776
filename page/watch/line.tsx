import type { VNode } from "preact";
import { visibleCharacter } from "../../shared/visible_character.ts";
import { fall, type Segment } from "./next_letter.ts";

/** In units of the drawing: the line's length and height, and the room above it that a number falls through. */
const [LENGTH, HEIGHT, FALL] = [1000, 40, 56];
/** Segments at least this long have their letter in them. */
const LABELLED = 22;

interface LineProps {
  line: readonly Segment[];
  /** The number that was drawn, if one was. */
  uniform: number | null;
  /** The likeliest letter comes first. */
  plain: boolean;
}

/** The letters laid end to end on the line from 0 to 1, and the random number that falls on one of them. */
export function Line({ line, uniform, plain }: LineProps): VNode {
  const hit = uniform === null ? null : fall(line, uniform).segment;
  return (
    <figure class="line">
      <svg viewBox={`0 0 ${LENGTH} ${FALL + HEIGHT}`} aria-hidden="true">
        {line.map((segment, i) => {
          const { character, from, to } = segment;
          const width = LENGTH * (to - from);
          return (
            <g key={character} class={segment === hit ? "drawn" : ""}>
              <rect
                class={i % 2 ? "odd" : "even"}
                x={LENGTH * from}
                y={FALL}
                width={width}
                height={HEIGHT}
              />
              {width >= LABELLED && (
                <text x={LENGTH * (from + to) / 2} y={FALL + 27} textAnchor="middle">
                  {character === "." ? "■" : visibleCharacter(character)}
                </text>
              )}
            </g>
          );
        })}
        {uniform !== null && (
          <g key={uniform} class="number" transform={`translate(${LENGTH * uniform} ${FALL})`}>
            <path d="M0 0 L-9 -18 L9 -18 Z" />
            <text
              x={uniform < 0.1 ? -9 : uniform > 0.9 ? 9 : 0}
              y="-26"
              textAnchor={uniform < 0.1 ? "start" : uniform > 0.9 ? "end" : "middle"}
            >
              {uniform.toFixed(3)}
            </text>
          </g>
        )}
      </svg>
      <figcaption class="hint">
        The same letters end to end, from 0 to 1, each as long as it is likely{" "}
        {plain ? "and the likeliest first" : "and in the order of the alphabet"}. A random number from 0 to 1
        falls on one of them.
      </figcaption>
    </figure>
  );
}
