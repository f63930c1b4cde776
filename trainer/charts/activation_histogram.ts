import { binX, identity, rectY, type RectYOptions, ruleY } from "@observablehq/plot";
import type { Activations } from "../activations.ts";
import { ACCENT, type Chart, makeChart } from "./chart.ts";

/** The largest float32 below 1. A bin does not include its upper end, and tanh rounds to 1. */
const BELOW_ONE = 1 - 2 ** -24;

/** Histograms of the inputs and the outputs of tanh. */
export function activationHistograms(
  title: string,
  { preActivations, mean, std, saturated }: Activations,
): Chart[] {
  const histogram = (
    title: string,
    caption: string,
    values: Float32Array,
    label: string,
    domain: [number, number],
  ) =>
    makeChart({ title, caption }, {
      width: 620,
      height: 260,
      x: { label, domain },
      y: { label: "share", percent: true, grid: true },
      marks: [
        rectY(
          values,
          binX<RectYOptions>(
            { y: "proportion" },
            { x: { value: identity, thresholds: 50, domain }, fill: ACCENT },
          ),
        ),
        ruleY([0]),
      ],
    });
  return [
    histogram(
      `Into tanh at initialisation: ${title}`,
      `Mean ${mean.toFixed(2)}, standard deviation ${std.toFixed(2)}.`,
      preActivations,
      "pre-activation",
      [-15, 15],
    ),
    histogram(
      `Out of tanh at initialisation: ${title}`,
      `${(100 * saturated).toFixed(1)}% lie beyond ±0.97, where tanh passes on next to no gradient.`,
      preActivations.map((z) => Math.min(Math.tanh(z), BELOW_ONE)),
      "tanh",
      [-1, 1],
    ),
  ];
}
