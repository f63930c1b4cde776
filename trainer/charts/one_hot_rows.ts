import { cell } from "@observablehq/plot";
import { ACCENT, type Chart, makeChart, SOFT } from "./chart.ts";

/**
 * Tokens as one-hot rows.
 *
 * @param symbols The symbol of every token, the boundary's first.
 */
export function oneHotRows(tokens: Int32Array, symbols: readonly string[]): Chart {
  const cells = Array.from(
    tokens,
    (token, i) => symbols.map((symbol, column) => ({ row: i + 1, symbol, one: column === token })),
  ).flat();
  return makeChart({
    title: "One-hot rows",
    caption: "What the network is given: each character as a row of zeros with a single one.",
  }, {
    width: 820,
    height: 80 + 28 * tokens.length,
    padding: 0.05,
    x: { label: "token", domain: symbols },
    y: { label: "example" },
    marks: [
      cell(cells, {
        x: "symbol",
        y: "row",
        fill: ({ one }) => (one ? ACCENT : SOFT),
        fillOpacity: ({ one }) => (one ? 1 : 0.15),
      }),
    ],
  });
}
