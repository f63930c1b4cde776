import { axisX, axisY, cell, text } from "@observablehq/plot";
import { ACCENT, type Chart, INK, makeChart, PAPER } from "./chart.ts";

/** In pixels: the side of a cell, and the size of the labels. */
const SIZES = { annotated: { side: 40, fontSize: 12 }, plain: { side: 14, fontSize: 12 } };
/** From this share of the highest count on, a cell is so dark that text on it has the paper's colour. */
const DARK = 0.5;

/**
 * How often each symbol follows each other one.
 *
 * The drawing is a square grid of equal cells whose first row and first column are the labels.
 *
 * @param counts [symbols, symbols]: how often the row's symbol comes before the column's.
 * @param cells "annotated" writes the pair and its count in each cell.
 */
export function bigramHeatMap(
  symbols: readonly string[],
  counts: readonly (readonly number[])[],
  cells: keyof typeof SIZES = "annotated",
): Chart {
  const { side, fontSize } = SIZES[cells];
  const size = side * (symbols.length + 1);
  const pairs = counts.flatMap((row, before) =>
    row.map((count, after) => ({ before, after, pair: symbols[before] + symbols[after], count }))
  );
  const most = Math.max(1, ...pairs.map(({ count }) => count));
  const scale = { domain: symbols.map((_, i) => i), label: null, padding: 0 };
  const labels = {
    fontSize,
    tickFormat: (i: number) => symbols[i],
    tickSize: 0,
    textAnchor: "middle",
  } as const;
  const writing = {
    x: "after",
    y: "before",
    fill: ({ count }: { count: number }) => (count > DARK * most ? PAPER : INK),
  };
  return makeChart({
    title: `Bigram counts, ${symbols.length} × ${symbols.length}`,
    caption:
      "Each cell is a pair, the row's character and then the column's: the stronger its colour, the more often it occurs.",
    alternative: "Heat map of pairs of characters",
  }, {
    width: size,
    height: size,
    marginTop: side,
    marginLeft: side,
    marginRight: 0,
    marginBottom: 0,
    x: scale,
    y: scale,
    opacity: { type: "sqrt", domain: [0, most], range: [0, 1] },
    marks: [
      axisX({ ...labels, anchor: "top", tickPadding: side / 3 }),
      axisY({ ...labels, tickPadding: side / 2 }),
      cell(pairs.filter(({ count }) => count > 0), {
        x: "after",
        y: "before",
        fill: ACCENT,
        fillOpacity: "count",
      }),
      ...(cells === "annotated"
        ? [
          text(pairs, {
            ...writing,
            text: "pair",
            dy: -6,
            fontSize: ({ pair }) => (pair.length > 2 ? 8 : 11),
          }),
          text(pairs, { ...writing, text: "count", dy: 7, fontSize: 9 }),
        ]
        : []),
    ],
  });
}
