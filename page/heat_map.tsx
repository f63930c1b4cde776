import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { percent } from "./figures.ts";

/** Side of a cell. */
const CELL = 14;
const MARGIN = 18;
/** How many followers are named. */
const NAMED = 5;

/** Which letter follows which in the list a model learnt from; one row can be read out. */
export function HeatMap(
  { symbols, counts }: { symbols: readonly string[]; counts: readonly number[][] },
): VNode {
  const [chosen, choose] = useState(0);
  const most = Math.max(...counts.flat());
  const size = MARGIN + CELL * symbols.length;
  const place = (i: number) => MARGIN + CELL * i;
  return (
    <figure class="picture">
      <h3>Which letter follows which</h3>
      <svg
        viewBox={`0 0 ${size} ${size}`}
        role="img"
        aria-label="Heat map of pairs of letters"
        class="heat-map"
      >
        {symbols.map((symbol, i) => (
          <g class="axis">
            <text x={place(i) + CELL / 2} y={MARGIN - 6} text-anchor="middle">{symbol}</text>
            <text x={MARGIN - 8} y={place(i) + CELL / 2} dy="0.32em" text-anchor="middle">{symbol}</text>
          </g>
        ))}
        {counts.map((row, i) => (
          <g onMouseEnter={() => choose(i)}>
            <rect class="row" x={MARGIN} y={place(i)} width={CELL * symbols.length} height={CELL} />
            {row.map((count, j) =>
              count > 0 && (
                <rect
                  x={place(j)}
                  y={place(i)}
                  width={CELL}
                  height={CELL}
                  fill-opacity={Math.sqrt(count / most).toFixed(2)}
                />
              )
            )}
          </g>
        ))}
        <rect class="chosen" x={MARGIN} y={place(chosen)} width={CELL * symbols.length} height={CELL} />
      </svg>
      <p class="field after">
        <label for="after">After</label>
        <select
          id="after"
          value={chosen}
          onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
        >
          {symbols.map((symbol, i) => (
            <option key={symbol} value={i}>{i === 0 ? "the beginning" : symbol}</option>
          ))}
        </select>
        <span role="status">most often {followers(symbols, counts[chosen])}</span>
      </p>
      <figcaption class="hint">
        Each row is a letter, each column what comes after it; the stronger, the more often. The dot is the
        beginning and the end of a name.
      </figcaption>
    </figure>
  );
}

function followers(symbols: readonly string[], row: readonly number[]): string {
  const total = row.reduce((sum, count) => sum + count, 0);
  if (total === 0) return "nothing: it is not in the list";
  return row.map((count, i) => ({ count, symbol: i === 0 ? "the end" : symbols[i] }))
    .sort((a, b) => b.count - a.count)
    .slice(0, NAMED)
    .filter(({ count }) => count > 0)
    .map(({ count, symbol }) => `${symbol} ${percent(count / total)}`)
    .join(", ");
}
