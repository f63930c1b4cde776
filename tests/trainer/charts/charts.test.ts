import { describe, expect, test } from "vitest";
import { type Drawing, historyPlot, learningRatePlots, lossPlots } from "../../../trainer/report/plots.ts";

/** Most ticks of both axes together. */
const MAX_TICKS = 40;

/** Figures that a plot may be asked to show. */
const FIGURES: [name: string, figures: number[]][] = [
  ["large", [1e9, 2, 1e9, 3]],
  ["small", [1e-9, 2e-9, 1e-9, 3e-9]],
  ["equal", [2.5, 2.5, 2.5, 2.5]],
  ["zero", [0, 0, 0, 0]],
  ["far apart", [1e300, 1e-300, 0, 1]],
  ["infinite", [2, Infinity, 3, Infinity]],
  ["not numbers", [2, NaN, 3, NaN]],
];

/** That a drawing has few ticks, and no coordinate that is not a number. */
function expectBounded({ figure }: Drawing): void {
  expect(figure).toContain("<svg");
  expect(figure.match(/<(?:text|tspan)/g)?.length ?? 0).toBeLessThanOrEqual(MAX_TICKS);
  expect(figure.match(/(?:[xyd]|[xy][12]|points|transform)="[^"]*(?:NaN|Infinity)[^"]*"/)).toBeNull();
  expect(figure.length).toBeLessThan(100_000);
}

describe.each(FIGURES)("plots of %s figures have a bounded number of ticks", (_name, figures) => {
  test("loss history", () => {
    expectBounded(historyPlot(figures.map((loss, step) => ({ step, loss, dev_nll: loss }))));
  });

  test("losses", () => {
    for (const drawing of lossPlots("", figures)) expectBounded(drawing);
  });

  test("learning rates", () => {
    const finding = {
      exponents: [-3, -2, -1, 0],
      losses: figures,
      smoothed: figures,
      plateau: [0.01, 0.1] as [number, number],
      suggestion: 0.03,
    };
    for (const drawing of learningRatePlots(finding)) expectBounded(drawing);
  });
});
