const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts: the first has 32 bits, so that its products with k are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** 2^-k for every k that {@link exponential} needs. */
const POWERS = Float64Array.from({ length: 160 }, (_, k) => 2 ** -k);

/**
 * e^x for x <= 0, with a relative error of at most 10^-11, and 0 for x <= -110.
 *
 * It replaces `Math.exp`, whose last bit may differ between JavaScript engines, so that a seed draws the same names on
 * every runtime: it uses only additions and multiplications, which IEEE 754 rounds alike everywhere.
 */
export function exponential(x: number): number {
  if (!(x > -110)) return 0;
  const k = Math.floor(0.5 - x * LOG2_E);
  const r = x + k * LN2_HIGH + k * LN2_LOW; // -0.35 to 0.35, where nine terms of the Taylor series suffice
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 +
                            r * (1 / 5040 + r * (1 / 40320 + r / 362880))))))));
  return series * POWERS[k];
}
