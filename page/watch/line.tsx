import type { VNode } from "preact";
import { visibleCharacter } from "../../shared/visible_character.ts";
import { narrow } from "../narrow.ts";
import { fall, type Segment } from "./next_letter.ts";

/** In units of the drawing: the line's length on a wide and on a narrow window, where letters would be too small else. */
const [WIDE, NARROW] = [1000, 420];
/** The line's height, and the room above it that a number falls through. */
const [HEIGHT, FALL] = [40, 56];
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
  const length = narrow.value ? NARROW : WIDE;
  const hit = uniform === null ? null : fall(line, uniform).segment;
  return (
    <figure class="line">
      <svg viewBox={`0 0 ${length} ${FALL + HEIGHT}`} aria-hidden="true">
        {line.map((segment, i) => {
          const { character, end, from, to } = segment;
          const width = length * (to - from);
          return (
            <g key={end ? "end" : character} class={segment === hit ? "drawn" : ""}>
              <rect
                class={i % 2 ? "odd" : "even"}
                x={length * from}
                y={FALL}
                width={width}
                height={HEIGHT}
              />
              {width >= LABELLED && (
                <text x={length * (from + to) / 2} y={FALL + 27} text-anchor="middle">
                  {end ? "■" : visibleCharacter(character)}
                </text>
              )}
            </g>
          );
        })}
        {uniform !== null && (
          <g key={uniform} class="number" transform={`translate(${length * uniform} ${FALL})`}>
            <path d="M0 0 L-9 -18 L9 -18 Z" />
            <text
              x={uniform < 0.1 ? -9 : uniform > 0.9 ? 9 : 0}
              y="-26"
              text-anchor={uniform < 0.1 ? "start" : uniform > 0.9 ? "end" : "middle"}
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
