/** The share of a full cache that stays because it is likely. What else stays was used most recently. */
const LIKELY_SHARE = 3 / 4;
/** Classes of likelihood: so many for each nat. The last one takes all that is less likely than e^-64. */
const CLASSES_PER_NAT = 64;
const LIKELIHOOD_CLASSES = 4096;
/** Classes of age: two to this power for each doubling. */
const AGE_BITS = 4;
const AGE_CLASSES = (32 - AGE_BITS + 1) << AGE_BITS;
/** No class. */
const NONE = 2 ** 16 - 1;

/**
 * Chooses what stays of a full cache: the likeliest entries, and of the others those that were used most recently. So requests for
 * unlikely beginnings, however many, never take the place of likely ones, and what is in use stays as well.
 *
 * Both orders are by classes, in time proportional to the entries; an order within a class does not matter.
 *
 * @param likelihoods For each entry, the log-probability of its beginning; NaN: there is no entry.
 * @param used For each entry, when it was used last.
 * @param now What `used` is for an entry in use.
 * @param budget The number of entries that stay.
 * @returns For each entry, 1 if it stays.
 */
export function chooseKept(
  likelihoods: Float32Array,
  used: Uint32Array,
  now: number,
  budget: number,
): Uint8Array {
  const kept = new Uint8Array(likelihoods.length);
  const classes = new Uint16Array(likelihoods.length);
  for (let entry = 0; entry < kept.length; entry++) {
    const nats = -likelihoods[entry];
    classes[entry] = Number.isNaN(nats)
      ? NONE
      : Math.min(Math.max(Math.floor(CLASSES_PER_NAT * nats), 0), LIKELIHOOD_CLASSES - 1);
  }
  const likely = keepLeast(kept, classes, LIKELIHOOD_CLASSES, Math.floor(LIKELY_SHARE * budget));
  for (let entry = 0; entry < kept.length; entry++) {
    if (kept[entry] === 1) classes[entry] = NONE;
    if (classes[entry] === NONE) continue;
    classes[entry] = ageClass(now - used[entry]);
  }
  keepLeast(kept, classes, AGE_CLASSES, budget - likely);
  return kept;
}

/** The class of an age, which is the age itself where that is small: a logarithm, exact in its first {@link AGE_BITS} bits. */
function ageClass(age: number): number {
  const shift = Math.max(0, 31 - AGE_BITS - Math.clz32(age));
  return (shift << AGE_BITS) + (age >>> shift);
}

/**
 * Marks at most `budget` entries of the least classes.
 *
 * @param classes The class of each entry; {@link NONE}: it is not to be marked.
 * @returns How many it has marked.
 */
function keepLeast(kept: Uint8Array, classes: Uint16Array, count: number, budget: number): number {
  const sizes = new Uint32Array(count);
  for (const number of classes) if (number !== NONE) sizes[number]++;
  let whole = 0; // classes that are kept whole
  let left = budget;
  while (whole < count && sizes[whole] <= left) left -= sizes[whole++];
  for (let entry = 0; entry < kept.length; entry++) {
    if (classes[entry] < whole) kept[entry] = 1;
    else if (classes[entry] === whole && left > 0) { // as many of the next class as there is room for
      kept[entry] = 1;
      left--;
    }
  }
  return budget - left;
}
