/** An axis of a plot: its ends and its ticks are multiples of a round step. */
export interface Axis {
  low: number;
  high: number;
  /** At most {@link MAX_TICKS}, rising, both ends included. */
  ticks: number[];
  /** A tick as text. */
  format(tick: number): string;
}

/** Most ticks of an axis: more could not be read. */
export const MAX_TICKS = 8;
/** Figures are cut to this, and those below its inverse count as 0, so that differences and quotients are numbers. */
const LARGEST = 1e300;

/**
 * An axis that shows some figures, whatever they are: those that are not finite are left out, and equal ones are given room.
 *
 * @example
 * ```ts
 * import { axisOf } from "./axis.ts";
 *
 * axisOf([2.04, 3.3]).ticks; // [2, 2.5, 3, 3.5]
 * ```
 */
export function axisOf(figures: readonly number[]): Axis {
  const finite = figures.filter(Number.isFinite).map((figure) =>
    Math.min(Math.max(figure, -LARGEST), LARGEST)
  );
  const [least, most] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
  // With a smaller step, neighbouring ticks would have the same text.
  const smallest = Math.max(Math.abs(least), Math.abs(most)) / 100;
  const rough = Math.max((most - least) / (MAX_TICKS - 2), smallest);
  const step = roundUp(rough < 1 / LARGEST ? 0.1 : rough);
  const first = Math.floor(least / step);
  const last = Math.max(Math.ceil(most / step), first + 1);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const plain = digits <= 3 && Math.abs(last * step) < 1e5;
  return {
    low: ticks[0],
    high: ticks[ticks.length - 1],
    ticks,
    format: (tick) => plain ? tick.toFixed(digits) : tick.toPrecision(3),
  };
}

/** The next of … 0.1, 0.2, 0.5, 1, 2, 5 … */
function roundUp(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return [1, 2, 5].map((times) => times * power).find((round) => round >= step) ?? 10 * power;
}
