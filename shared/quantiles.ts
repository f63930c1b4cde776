/**
 * Evenly spaced quantiles, from the smallest value to the largest, between two values by linear
 * interpolation.
 *
 * @param values At least one; Infinity is allowed.
 * @param count How many quantiles, at least 2: 101 for whole percents.
 */
export function quantiles(values: readonly number[], count: number): number[] {
  const rising = [...values].sort((a, b) => a - b);
  return Array.from({ length: count }, (_, i) => {
    const place = (i / (count - 1)) * (rising.length - 1);
    const below = rising[Math.floor(place)];
    const above = rising[Math.ceil(place)];
    // Not below + fraction * (above - below): Infinity - Infinity is no number.
    return above === below ? below : below + (place - Math.floor(place)) * (above - below);
  });
}

/**
 * What share of the values behind some {@link quantiles} lies above a value, by linear interpolation.
 *
 * @param rising At least two evenly spaced quantiles.
 * @returns From 0 (none) to 1 (all).
 */
export function shareAbove(rising: readonly number[], value: number): number {
  const last = rising.length - 1;
  if (value < rising[0]) return 1;
  if (!(value < rising[last])) return 0;
  let [low, next] = [0, last]; // rising[low] <= value < rising[next]
  while (next - low > 1) {
    const middle = (low + next) >>> 1;
    if (rising[middle] > value) next = middle;
    else low = middle;
  }
  const below = rising[next - 1];
  const fraction = rising[next] === Infinity ? 0 : (value - below) / (rising[next] - below);
  return 1 - (next - 1 + fraction) / last;
}
