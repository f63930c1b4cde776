/** A number with commas between its thousands. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}

/** A probability as a percentage. */
export function percent(probability: number): string {
  if (probability === 0) return "0%";
  if (probability < 0.001) return "<0.1%";
  return `${(100 * probability).toFixed(probability < 0.1 ? 1 : 0)}%`;
}
