import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { BOUNDARY_SYMBOL } from "../../shared/vocabulary.ts";
import { type Point, separate } from "../../trainer/charts/separate.ts";

/** In units: the side of the drawing, the margin in it, and the least distance of two letters. */
const [SIDE, MARGIN, DISTANCE] = [220, 14, 16];

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
  const points = useMemo(() => arrange(places), [places]);
  const tokens = seen.map((symbol) => symbols.indexOf(symbol)).filter((token) => token !== -1);
  const now = new Set(tokens);
  // What is drawn later covers what was drawn before.
  const order = Array.from(symbols.keys()).sort((a, b) => Number(now.has(a)) - Number(now.has(b)));
  return (
    <figure class="points">
      <svg
        viewBox={`0 0 ${SIDE} ${SIDE}`}
        role="img"
        aria-label={`The letters that it sees as points among those of the vocabulary: ${
          seen.filter((symbol) => symbol !== BOUNDARY_SYMBOL).join(", ") || "the beginning"
        }`}
      >
        <polyline points={tokens.map((token) => `${points[token].x},${points[token].y}`).join(" ")} />
        {order.map((token) => (
          <g
            key={token}
            class={now.has(token) ? "now" : ""}
            transform={`translate(${points[token].x} ${points[token].y})`}
          >
            {now.has(token) && <circle r="9" />}
            <text y="4" text-anchor="middle">{token === 0 ? "·" : symbols[token]}</text>
          </g>
        ))}
      </svg>
      <figcaption class="hint">
        Their embeddings, in the two directions that tell characters apart most.
      </figcaption>
    </figure>
  );
}

/** Places as points of the drawing, none of which covers another. */
function arrange(places: readonly (readonly number[])[]): Point[] {
  const [x, y] = [0, 1].map((axis) => scale(places.map((place) => place[axis])));
  const inside = (value: number) => Math.min(SIDE - MARGIN, Math.max(MARGIN, value));
  return separate(places.map((_, i) => ({ x: x[i], y: SIDE - y[i] })), DISTANCE)
    .map(({ x, y }) => ({ x: inside(x), y: inside(y) }));
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
