import { lineY, rectX, ruleX } from "@observablehq/plot";
import type { LearningRateFinding } from "../find_lr.ts";
import { ACCENT, type Chart, INK, makeChart, plottable, SOFT } from "./chart.ts";

/** Loss against learning rate, and against the learning rate's exponent. */
export function learningRateCharts(
  { exponents, losses, smoothed, plateau, suggestion }: LearningRateFinding,
): Chart[] {
  const top = plottable(1.1 * Math.max(...losses.slice(0, 10), smoothed[smoothed.length - 1]));
  const caption = "Thin, the loss of each mini-batch; thick, smoothed; shaded, the plateau; " +
    `the vertical line is its middle: ${suggestion.toPrecision(2)}.`;
  const against = (title: string, label: string, xOf: (exponent: number) => number) => {
    const points = exponents.map((exponent, i) => ({
      x: xOf(exponent),
      loss: losses[i],
      smoothed: smoothed[i],
    }));
    const [x1, x2, middle] = [...plateau, suggestion].map((rate) => xOf(Math.log10(rate)));
    return makeChart({ title, caption }, {
      width: 820,
      height: 340,
      x: { label },
      y: { label: "loss, nats", domain: [0, top], clamp: true, grid: true },
      marks: [
        rectX([{ x1, x2 }], { x1: "x1", x2: "x2", fill: ACCENT, fillOpacity: 0.12 }),
        lineY(points, { x: "x", y: "loss", stroke: SOFT, strokeOpacity: 0.7, strokeWidth: 0.8 }),
        lineY(points, { x: "x", y: "smoothed", stroke: ACCENT, strokeWidth: 2 }),
        ruleX([middle], { stroke: INK, strokeWidth: 2 }),
      ],
    });
  };
  return [
    against("Loss against learning rate", "learning rate", (exponent) => 10 ** exponent),
    against(
      "Loss against the exponent of the learning rate",
      "log10 of the learning rate",
      (exponent) => exponent,
    ),
  ];
}
