/**
 * Evenly spaced quantiles, from the minimum to the maximum, with linear interpolation between values.
 *
 * @param values At least one; Infinity is allowed.
 * @param count The number of quantiles, at least 2: 101 for whole percents.
 * @returns [count], in ascending order.
 */
export function quantiles(values: readonly number[], count: number): number[] {
  const ascending = [...values].sort((a, b) => a - b);
  return Array.from({ length: count }, (_, i) => {
    const position = (i / (count - 1)) * (ascending.length - 1);
    const below = ascending[Math.floor(position)];
    const above = ascending[Math.ceil(position)];
    // Between two equal values nothing is interpolated, because Infinity - Infinity is NaN.
    return above === below ? below : below + (position - Math.floor(position)) * (above - below);
  });
}

/**
 * Estimates the share of a distribution that is above a value, from the distribution's {@link quantiles} and by
 * linear interpolation between them.
 *
 * @param ascending At least two evenly spaced quantiles.
 * @returns From 0 (nothing is above) to 1 (all is above).
 */
export function shareAbove(ascending: readonly number[], value: number): number {
  const last = ascending.length - 1;
  if (value < ascending[0]) return 1;
  if (!(value < ascending[last])) return 0;
  let [low, high] = [0, last]; // ascending[low] <= value < ascending[high]
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] > value) high = middle;
    else low = middle;
  }
  const below = ascending[low];
  const fraction = ascending[high] === Infinity ? 0 : (value - below) / (ascending[high] - below);
  return 1 - (low + fraction) / last;
}
