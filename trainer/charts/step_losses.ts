import { lineY } from "@observablehq/plot";
import { ACCENT, type Chart, makeChart, plottable, SOFT } from "./chart.ts";

/** Maximum number of points in a line: more are indistinguishable, and make the file large. */
const MAX_POINTS = 2000;
/** Maximum number of steps in one mean of the log losses. */
const MEAN_STEPS = 1000;

/**
 * The training loss of every step, as it is and as log10 with its mean, as makemore plots it.
 *
 * @param losses In nats, the first step's first.
 */
export function stepLosses(title: string, losses: readonly number[]): Chart[] {
  const every = Math.ceil(losses.length / MAX_POINTS);
  const points = losses
    .map((loss, step) => ({ step, loss: plottable(loss), log10: Math.log10(loss) }))
    .filter(({ step }) => step % every === 0);
  const window = Math.min(MEAN_STEPS, Math.ceil(losses.length / 20));
  const means: { step: number; log10: number }[] = [];
  for (let end = window; end <= losses.length; end += window) {
    const sum = losses.slice(end - window, end).reduce((sum, loss) => sum + Math.log10(loss), 0);
    means.push({ step: end - window / 2, log10: sum / window });
  }
  const size = { width: 820, height: 320 };
  return [
    makeChart({
      title: `Training loss: ${title}`,
      caption: every > 1 ? `Each mini-batch's loss, one step in ${every}.` : "Each mini-batch's loss.",
    }, {
      ...size,
      x: { label: "step" },
      y: { label: "loss, nats", grid: true },
      marks: [lineY(points, { x: "step", y: "loss", stroke: SOFT, strokeWidth: 0.6 })],
    }),
    makeChart({
      title: `Training loss, log10: ${title}`,
      caption: `Thick, the mean of ${window} steps, without the noise of single mini-batches.`,
    }, {
      ...size,
      x: { label: "step" },
      y: { label: "log10 loss", grid: true },
      marks: [
        lineY(points, { x: "step", y: "log10", stroke: SOFT, strokeOpacity: 0.5, strokeWidth: 0.6 }),
        lineY(means, { x: "step", y: "log10", stroke: ACCENT, strokeWidth: 2 }),
      ],
    }),
  ];
}
