import { isValidElement, type VNode } from "preact";
import { describe, expect, test } from "vitest";
import { axisOf, MAX_TICKS } from "../../page/axis.ts";
import { LossCurve } from "../../page/loss_curve.tsx";

describe("axisOf", () => {
  test.each<[figures: number[], ticks: string[]]>([
    [[2.04, 3.3], ["2.0", "2.5", "3.0", "3.5"]],
    [[2.2, 2.31], ["2.20", "2.25", "2.30", "2.35"]],
    [[2, 90], ["0", "20", "40", "60", "80", "100"]],
    [[0, 1e9], ["0.00", "2.00e+8", "4.00e+8", "6.00e+8", "8.00e+8", "1.00e+9"]],
    [[1e-9, 2e-9], ["1.00e-9", "1.20e-9", "1.40e-9", "1.60e-9", "1.80e-9", "2.00e-9"]],
    [[3, 3], ["3.00", "3.05"]],
    [[0, 0], ["0.0", "0.1"]],
    [[NaN, Infinity, 1, 2], ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"]],
    [[], ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]],
  ])("of %j has the ticks %j", (figures, expected) => {
    const { ticks, format } = axisOf(figures);
    expect(ticks.map(format)).toEqual(expected);
  });

  const HOSTILE = [
    0,
    1,
    -1,
    1e9,
    -1e9,
    1e-9,
    1e18,
    1e18 + 256,
    2 ** 53,
    1e308,
    -1e308,
    5e-324,
    1e-320,
    NaN,
    Infinity,
  ];

  test("has few, distinct ticks around all figures, whatever they are", () => {
    for (const a of HOSTILE) {
      for (const b of HOSTILE) {
        const { low, high, ticks, format } = axisOf([a, b]);
        expect(ticks.every(Number.isFinite)).toBe(true);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThanOrEqual(MAX_TICKS);
        expect(new Set(ticks.map(format)).size).toBe(ticks.length);
        for (const figure of [a, b]) {
          if (Math.abs(figure) > 1e300 || Number.isNaN(figure)) continue;
          const rounding = 1e-9 * Math.abs(figure) + 1e-300; // so small a figure counts as 0
          expect(low).toBeLessThanOrEqual(figure + rounding);
          expect(high).toBeGreaterThanOrEqual(figure - rounding);
        }
      }
    }
  });
});

/** The elements of a tag in what a component made. */
function elements(node: unknown, tag: string): VNode<Record<string, unknown>>[] {
  if (Array.isArray(node)) return node.flatMap((child) => elements(child, tag));
  if (!isValidElement(node)) return [];
  const { type, props } = node as VNode<Record<string, unknown>>;
  return [
    ...(type === tag ? [node as VNode<Record<string, unknown>>] : []),
    ...elements(props.children, tag),
  ];
}

describe("the loss curve", () => {
  test.each([
    [1e9, 2.5],
    [1e-9, 2e-9],
    [2.5, 2.5],
    [1e300, 0],
    [2.5, null as unknown as number],
    [NaN, Infinity],
  ])("from %d to %d draws a bounded number of ticks, and no point that is not a number", (first, last) => {
    const curve = LossCurve({ history: [{ step: 0, loss: first }, { step: 0, loss: last, dev_nll: last }] });
    const lines = elements(curve, "line");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThanOrEqual(MAX_TICKS);
    const drawn = [
      ...lines.map(({ props }) => `${props.y1}`),
      ...elements(curve, "path").map(({ props }) => props.d),
    ];
    expect(drawn.join()).not.toMatch(/NaN|Infinity/);
  });
});
