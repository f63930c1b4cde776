import type { VNode } from "preact";
import { separate } from "./separate.ts";

const SIZE = 400;
const MARGIN = 24;
const RADIUS = 10;

/** Where a model has put its letters: a labelled scatter of the two directions in which they differ most. */
export function EmbeddingScatter(
  { symbols, places }: { symbols: readonly string[]; places: readonly number[][] },
): VNode {
  const scale = (axis: number) => {
    const values = spread(places.map((place) => place[axis]));
    const low = Math.min(...values);
    const range = Math.max(...values) - low || 1;
    return (token: number) => MARGIN + (SIZE - 2 * MARGIN) * (values[token] - low) / range;
  };
  const [x, y] = [scale(0), scale(1)];
  const points = separate(symbols.map((_, token) => ({ x: x(token), y: SIZE - y(token) })), 2 * RADIUS + 2);
  return (
    <figure class="picture">
      <h3>Where it has put the letters</h3>
      <svg viewBox={`0 0 ${SIZE} ${SIZE}`} role="img" aria-label="Scatter of the letters’ embeddings">
        {points.map(({ x, y }, token) => (
          <g class={"aeiouy".includes(symbols[token]) ? "point vowel" : "point"}>
            <circle cx={x} cy={y} r={RADIUS} />
            <text x={x} y={y} dy="0.32em">{symbols[token]}</text>
          </g>
        ))}
      </svg>
      <figcaption class="hint">
        Each letter is a point in many dimensions; these are the two in which they differ most, far distances
        drawn shorter, and none covering another. Nobody told the model what a vowel is (they are filled):
        letters that are used alike came to lie together. The dot is the end of a name.
      </figcaption>
    </figure>
  );
}

/** Draws what is far out nearer, so that a crowd in the middle can be told apart. */
function spread(values: readonly number[]): number[] {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const middle = median(values);
  const crowd = median(values.map((value) => Math.abs(value - middle))) || 1;
  return values.map((value) => Math.asinh((value - middle) / crowd));
}
