import { dot, lineY } from "@observablehq/plot";
import type { ModelCard } from "../../shared/model_card.ts";
import { ACCENT, type Chart, makeChart, plottable, SOFT } from "./chart.ts";

/**
 * A model's loss on mini-batches and on the dev split, as its card has them. Losses that are not finite are left out.
 *
 * @param size In pixels.
 */
export function lossCurve(
  history: ModelCard["training"]["loss_history"],
  size: { width: number; height: number } = { width: 820, height: 340 },
): Chart {
  const points = (lossOf: (point: typeof history[number]) => number | undefined) =>
    history.flatMap((point) => {
      const loss = lossOf(point);
      return Number.isFinite(loss) ? [{ step: point.step, loss: plottable(loss!) }] : [];
    });
  const training = points(({ loss }) => loss);
  const dev = points(({ dev_nll }) => dev_nll);
  const [first, last] = [training.at(0), training.at(-1)].map((point) => point?.loss.toFixed(2) ?? "none");
  const steps = history.at(-1)?.step.toLocaleString("en") ?? "no";
  return makeChart({
    title: "Loss curve",
    caption: "Thin, the mean training loss since the point before; thick, the NLL of the dev split.",
    alternative: `Loss curve: from ${first} to ${last} nats a character in ${steps} steps`,
  }, {
    ...size,
    x: { label: "step", ticks: size.width / 120 },
    y: { label: "nats a character", grid: true },
    marks: [
      lineY(training, { x: "step", y: "loss", stroke: SOFT, strokeWidth: 1 }),
      lineY(dev, { x: "step", y: "loss", stroke: ACCENT, strokeWidth: 2.5 }),
      dot(dev, { x: "step", y: "loss", fill: ACCENT, r: 2.5 }),
    ],
  });
}
