import { dot, link, text } from "@observablehq/plot";
import { ACCENT, type Chart, INK, makeChart, PAPER, SOFT } from "./chart.ts";
import { type Point, separate } from "./separate.ts";

const RADIUS = 10;
const MARGIN = 24;
/** With axes: the size of the drawing, the room around its points, and the least distance of two dots, in pixels. */
const AXES = { width: 620, height: 560, inset: RADIUS + 6, distance: 2 * RADIUS + 1 };
/** What the axes take of the width and the height, in pixels. */
const AXIS_MARGINS = 96;
/** Smallest side of the drawing, in pixels; it grows so that the dots of a large vocabulary have room too. */
const MIN_SIZE = 400;
const SIZE_PER_ROOT = 76;

/**
 * Where a model puts its symbols: a labelled scatter of two dimensions of their embeddings, vowels filled.
 *
 * @param places [symbols, 2]
 * No dot covers another.
 *
 * @param axes Labels of the axes; a line leads from a dot that was moved to its place. Without labels there are no axes, and
 * far distances are drawn shorter.
 */
export function embeddingScatter(
  symbols: readonly string[],
  places: readonly (readonly number[])[],
  { title, caption, axes }: { title: string; caption: string; axes?: readonly [x: string, y: string] },
): Chart {
  const size = Math.max(MIN_SIZE, SIZE_PER_ROOT * Math.sqrt(symbols.length));
  const points = (axes ? spread(places) : arrange(places, size)).map((point, token) => ({
    ...point,
    symbol: symbols[token],
    place: places[token],
  }));
  const moved = axes ? points.filter(({ x, y, place }) => x !== place[0] || y !== place[1]) : [];
  return makeChart({ title, caption, alternative: "Scatter of the characters’ embeddings" }, {
    ...(axes
      ? {
        width: AXES.width,
        height: AXES.height,
        inset: AXES.inset,
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
      link(moved, {
        x1: "x",
        y1: "y",
        x2: ({ place }) => place[0],
        y2: ({ place }) => place[1],
        stroke: INK,
        strokeOpacity: 0.6,
      }),
      dot(moved, { x: ({ place }) => place[0], y: ({ place }) => place[1], r: 1.5, fill: INK }),
      dot(points, {
        x: "x",
        y: "y",
        r: RADIUS,
        fill: (point) => (isVowel(point.symbol) ? ACCENT : PAPER),
        stroke: (point) => (isVowel(point.symbol) ? ACCENT : SOFT),
        strokeWidth: 1,
      }),
      text(points, {
        x: "x",
        y: "y",
        text: "symbol",
        fontSize: 13,
        fill: (point) => (isVowel(point.symbol) ? PAPER : INK),
      }),
    ],
  });
}

/** Whether a symbol is a Latin vowel, also one with accents: its base letter counts, as in canonical decomposition (NFD). */
export function isVowel(symbol: string): boolean {
  const [base] = symbol.normalize("NFD").toLowerCase();
  return "aeiouyæœøı".includes(base);
}

/** Moves the dots of a drawing with axes apart: computed in pixels, of which it has about as many as its size. */
function spread(places: readonly (readonly number[])[]): Point[] {
  const axis = (index: number, length: number) => {
    const values = places.map((place) => place[index]);
    const low = Math.min(...values);
    const pixel = (Math.max(...values) - low || 1) / (length - 2 * AXES.inset - AXIS_MARGINS);
    return { values, low, pixel };
  };
  const [x, y] = [axis(0, AXES.width), axis(1, AXES.height)];
  const before = places.map((_, i) => ({
    x: (x.values[i] - x.low) / x.pixel,
    y: (y.values[i] - y.low) / y.pixel,
  }));
  return separate(before, AXES.distance).map((after, i) => ({
    x: after.x === before[i].x ? x.values[i] : x.low + after.x * x.pixel,
    y: after.y === before[i].y ? y.values[i] : y.low + after.y * y.pixel,
  }));
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
