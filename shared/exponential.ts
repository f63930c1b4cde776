const LOG2_E = 1.4426950408889634;
/** ln 2 in two parts: multiples of the first, which has 32 bits, are exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** 2^-k for each k that is not rounded to nothing. */
const POWERS = Float64Array.from({ length: 160 }, (_, k) => 2 ** -k);

/**
 * e^x for x up to 0, to a relative error of 10^-11. It is made of additions and multiplications alone, which every
 * engine rounds alike, where `Math.exp` may differ in its last bit: so a seed draws the same everywhere.
 *
 * @returns 0 below -110.
 */
export function exponential(x: number): number {
  if (!(x > -110)) return 0;
  const k = Math.floor(0.5 - x * LOG2_E);
  const r = x + k * LN2_HIGH + k * LN2_LOW; // from -0.35 to 0.35: the Taylor series needs nine terms
  const series = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 +
                            r * (1 / 5040 + r * (1 / 40320 + r / 362880))))))));
  return series * POWERS[k];
}
