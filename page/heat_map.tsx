/// <reference lib="dom" />
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { isolated } from "./direction.ts";
import { LazyChart } from "./lazy_chart.tsx";
import { percent } from "./number_format.ts";

/** How many of the most frequent followers are named. */
const NAMED = 5;

/** Which character follows which in the list that a model learnt from. Pointing at a row, or choosing it, reads it out. */
export function HeatMap(
  { symbols, counts }: { symbols: readonly string[]; counts: readonly number[][] },
): VNode {
  const [chosen, choose] = useState(0);
  const labels = `${100 / (symbols.length + 1)}%`; // the first row and the first column of the chart's grid
  return (
    <figure class="picture">
      <h3>Which character follows which</h3>
      <div class="heat-map">
        <LazyChart
          data={counts}
          aspectRatio={1}
          make={async () => {
            const { bigramHeatMap } = await import("../trainer/charts/bigram_heat_map.ts");
            return bigramHeatMap(symbols, counts, "plain");
          }}
        />
        <div class="rows" style={{ padding: `${labels} 0 0 ${labels}` }} aria-hidden="true">
          {symbols.map((_, i) => (
            <div
              key={i}
              class={i === chosen ? "chosen" : ""}
              onMouseEnter={() => choose(i)}
            />
          ))}
        </div>
      </div>
      <p class="field after">
        <label for="after">After</label>
        <select
          id="after"
          value={chosen}
          onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
        >
          {symbols.map((symbol, i) => <option key={i} value={i}>{i === 0 ? "the beginning" : symbol}
          </option>)}
        </select>
        <span role="status">most often {followers(symbols, counts[chosen])}</span>
      </p>
      <figcaption class="hint">
        Each row is a character, each column one that may follow it: the stronger the colour, the more often
        it does in the training list. The dot is the beginning and the end.
      </figcaption>
    </figure>
  );
}

function followers(symbols: readonly string[], row: readonly number[]): string {
  const total = row.reduce((sum, count) => sum + count, 0);
  if (total === 0) return "nothing: it is not in the lines it learnt from";
  return row.map((count, i) => ({ count, symbol: i === 0 ? "the end" : isolated(symbols[i]) }))
    .sort((a, b) => b.count - a.count)
    .slice(0, NAMED)
    .filter(({ count }) => count > 0)
    .map(({ count, symbol }) => `${symbol} ${percent(count / total)}`)
    .join(", ");
}
