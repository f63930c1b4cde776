import type { VNode } from "preact";
import type { ModelCard } from "../shared/model_card.ts";
import { LazyChart } from "./lazy_chart.tsx";
import { grouped } from "./number_format.ts";

/** The size of the loss curve, in pixels before it is scaled to its column. */
const SIZE = { width: 400, height: 260 };

type History = ModelCard["training"]["loss_history"];

/** How a model's loss fell as it was trained. */
export function LossCurve({ history }: { history: History }): VNode {
  return (
    <figure class="picture">
      <h3>How it learnt</h3>
      <LazyChart
        data={history}
        aspectRatio={SIZE.width / SIZE.height}
        make={async () => {
          const { lossCurve } = await import("../trainer/charts/loss_curve.ts");
          return lossCurve(history, SIZE);
        }}
      />
      <figcaption class="hint">{captionOf(history)}</figcaption>
    </figure>
  );
}

function captionOf(history: History): string {
  const caption = "How surprised the model was at each letter, in nats, as it was trained. " +
    "The thin line is about the lines that it learnt from";
  const kept = history.filter(({ dev_nll }) => dev_nll !== undefined);
  if (kept.length === 0) return `${caption}.`;
  const best = kept.reduce((a, b) => (b.dev_nll! < a.dev_nll! ? b : a));
  return `${caption}; the thick line is about lines that were kept from it, and is lowest, at ` +
    `${best.dev_nll!.toFixed(3)} nats, after ${grouped(best.step)} steps.`;
}
