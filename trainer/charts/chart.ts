/// <reference lib="dom" />
import { plot, type PlotOptions } from "@observablehq/plot";

/** A chart and the words around it. */
export interface Chart {
  title: string;
  /** What to see in it. */
  caption: string;
  /**
   * Draws the chart with Observable Plot.
   *
   * @param document Creates the elements; only a browser can do without.
   */
  draw(document?: Document): SVGElement;
}

/** The colours of a chart: custom properties that the page and the reports define, for light and dark. */
export const INK = "var(--ink)";
export const SOFT = "var(--soft)";
export const PAPER = "var(--paper)";
export const ACCENT = "var(--accent)";

/** Below this size a number is drawn as 0: d3 makes ticks of a range by dividing by it. */
const SMALLEST = 1e-300;

/** A number as an axis can show it. */
export function plottable(value: number): number {
  return Math.abs(value) < SMALLEST ? 0 : value;
}

/**
 * Makes a chart from Observable Plot's options.
 *
 * @param words Its title and caption, and the text that stands for it where it is not seen (default: the title).
 */
export function makeChart(
  { title, caption, alternative = title }: { title: string; caption: string; alternative?: string },
  options: PlotOptions,
): Chart {
  return {
    title,
    caption,
    draw(document) {
      const figure = plot({
        marginBottom: 48, // the label of the axis is below its ticks
        marginLeft: 60, // "40,000" and its tick
        marginRight: 36, // half of the last tick's label, "200,000"
        ...options,
        x: { labelOffset: 42, ...options.x },
        ariaLabel: alternative,
        document,
        style: { background: "none", color: SOFT, fontSize: "12px", overflow: "visible" },
      });
      figure.setAttribute("role", "img");
      // An image has one label. Plot labels its groups of marks too, which ARIA allows no element without a role.
      for (const group of figure.querySelectorAll("[aria-label]")) group.removeAttribute("aria-label");
      figure.querySelector("style")!.remove(); // a Content-Security-Policy without 'unsafe-inline' forbids it
      return figure as SVGSVGElement;
    },
  };
}
