/** A number as JSON holds it: JSON has no infinity and no NaN, and null stands for them. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
