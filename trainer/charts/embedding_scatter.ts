import { dot, text } from "@observablehq/plot";
import { ACCENT, type Chart, INK, makeChart, PAPER, SOFT } from "./chart.ts";
import { type Point, separate } from "./separate.ts";

const RADIUS = 10;
const MARGIN = 24;
/** Smallest side of the drawing, in pixels; it grows so that the dots of a large vocabulary have room too. */
const MIN_SIZE = 400;
const SIZE_PER_ROOT = 76;

/**
 * Where a model puts its symbols: a labelled scatter of two dimensions of their embeddings, vowels filled.
 *
 * @param places [symbols, 2]
 * @param axes Labels of the axes. Without them there are none: far distances are drawn shorter, and no point covers
 * another.
 */
export function embeddingScatter(
  symbols: readonly string[],
  places: readonly (readonly number[])[],
  { title, caption, axes }: { title: string; caption: string; axes?: readonly [x: string, y: string] },
): Chart {
  const size = Math.max(MIN_SIZE, SIZE_PER_ROOT * Math.sqrt(symbols.length));
  const points = (axes ? places.map(([x, y]) => ({ x, y })) : arrange(places, size))
    .map((point, token) => ({ ...point, symbol: symbols[token] }));
  const isVowel = ({ symbol }: { symbol: string }) => "aeiouy".includes(symbol.toLowerCase());
  return makeChart({ title, caption, alternative: "Scatter of the characters’ embeddings" }, {
    ...(axes
      ? {
        width: 620,
        height: 560,
        grid: true,
        x: { label: axes[0] },
        y: { label: axes[1] },
      }
      : {
        width: size,
        height: size,
        margin: 0,
        x: { type: "identity", axis: null },
        y: { type: "identity", axis: null },
      }),
    marks: [
      dot(points, {
        x: "x",
        y: "y",
        r: RADIUS,
        fill: (point) => (isVowel(point) ? ACCENT : PAPER),
        stroke: (point) => (isVowel(point) ? ACCENT : SOFT),
        strokeWidth: 1,
      }),
      text(points, {
        x: "x",
        y: "y",
        text: "symbol",
        fontSize: 13,
        fill: (point) => (isVowel(point) ? PAPER : INK),
      }),
    ],
  });
}

/** Places as pixels of a square. */
function arrange(places: readonly (readonly number[])[], size: number): Point[] {
  const [x, y] = [0, 1].map((axis) => {
    const values = compress(places.map((place) => place[axis]));
    const low = Math.min(...values);
    const range = Math.max(...values) - low || 1;
    return values.map((value) => MARGIN + (size - 2 * MARGIN) * (value - low) / range);
  });
  return separate(places.map((_, i) => ({ x: x[i], y: size - y[i] })), 2 * RADIUS + 2);
}

/** Shortens the distances of outliers, so that the points in the middle have room. */
function compress(values: readonly number[]): number[] {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const middle = median(values);
  const deviation = median(values.map((value) => Math.abs(value - middle))) || 1;
  return values.map((value) => Math.asinh((value - middle) / deviation));
}
