import type { VNode } from "preact";
import { BOUNDARY_SYMBOL } from "../../shared/vocabulary.ts";

/** The side of the drawing, and the margin in it, in units. */
const [SIDE, MARGIN] = [220, 14];

interface PointsProps {
  /** The pictured symbols, the boundary's first. */
  symbols: readonly string[];
  /** [symbols, 2] */
  places: readonly (readonly number[])[];
  /** What the model sees, oldest first. */
  seen: readonly string[];
}

/** The embeddings of what a model sees, among all others: a point for each character, and a line from one to the next. */
export function PointsOfContext({ symbols, places, seen }: PointsProps): VNode {
  const [x, y] = [0, 1].map((axis) => scale(places.map((place) => place[axis])));
  const tokens = seen.map((symbol) => symbols.indexOf(symbol)).filter((token) => token !== -1);
  const now = new Set(tokens);
  return (
    <figure class="points">
      <svg
        viewBox={`0 0 ${SIDE} ${SIDE}`}
        role="img"
        aria-label={`The letters that it sees as points among those of the vocabulary: ${
          seen.filter((symbol) => symbol !== BOUNDARY_SYMBOL).join(", ") || "the beginning"
        }`}
      >
        <polyline points={tokens.map((token) => `${x[token]},${SIDE - y[token]}`).join(" ")} />
        {symbols.map((symbol, token) => (
          <g
            key={token}
            class={now.has(token) ? "now" : ""}
            transform={`translate(${x[token]} ${SIDE - y[token]})`}
          >
            {now.has(token) && <circle r="9" />}
            <text y="4" textAnchor="middle">{token === 0 ? "·" : symbol}</text>
          </g>
        ))}
      </svg>
      <figcaption class="hint">
        Their embeddings, in the two directions that tell characters apart most.
      </figcaption>
    </figure>
  );
}

/** Values as coordinates of the drawing; far ones are drawn closer. */
function scale(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const spread = values.map((value) => Math.abs(value - middle)).sort((a, b) => a - b)[values.length >> 1] ||
    1;
  const near = values.map((value) => Math.asinh((value - middle) / spread));
  const low = Math.min(...near);
  const range = Math.max(...near) - low || 1;
  return near.map((value) => MARGIN + (SIDE - 2 * MARGIN) * (value - low) / range);
}
