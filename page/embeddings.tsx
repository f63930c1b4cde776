import type { VNode } from "preact";
import { LazyChart } from "./lazy_chart.tsx";

/** Where a model puts its characters. */
export function Embeddings({ symbols, places }: { symbols: readonly string[]; places: number[][] }): VNode {
  return (
    <figure class="picture embeddings">
      <h3>Where it puts the characters</h3>
      <LazyChart
        data={places}
        aspectRatio={1}
        make={async () => {
          const { embeddingScatter } = await import("../trainer/charts/embedding_scatter.ts");
          return embeddingScatter(symbols, places, { title: "Embeddings", caption: "" });
        }}
      />
      <figcaption class="hint">
        To the model, each character is a point in many dimensions. Drawn are the two in which the points
        differ most; far distances are drawn shorter, and no point covers another. The closer two points are,
        the more alike the model takes them to be. Latin vowels, if there are any, are filled. The dot is the
        beginning and the end.
      </figcaption>
    </figure>
  );
}
