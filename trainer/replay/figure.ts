/** The notebooks print the loss of one step in this many. */
const PRINTED_EVERY = 10_000;

/** A figure that a notebook prints, and ours. */
export interface Figure {
  /** What it measures. */
  what: string;
  notebook: string;
  ours: string;
  /** Absolute difference, if they are numbers. */
  difference: number | null;
  /** The allowed difference, in words. */
  tolerance: string;
  agrees: boolean;
}

/** Compares names, counts or targets, which must be equal. */
export function exact(what: string, notebook: unknown, ours: unknown): Figure {
  const [theirs, mine] = [show(notebook), show(ours)];
  return {
    what,
    notebook: theirs,
    ours: mine,
    difference: null,
    tolerance: "exact",
    agrees: theirs === mine,
  };
}

/** Compares the result of a short computation, to a relative difference of 1e-5. */
export function close(what: string, notebook: number, ours: number): Figure {
  return compare(what, [notebook], [ours], "1e-5 relative", (theirs) => 1e-5 * Math.abs(theirs));
}

/** Compares numbers that the notebook rounded to a number of decimals. */
export function printed(
  what: string,
  notebook: number | readonly number[],
  ours: number | ArrayLike<number>,
  decimals = 4,
): Figure {
  return compare(
    what,
    typeof notebook === "number" ? [notebook] : notebook,
    typeof ours === "number" ? [ours] : ours,
    `${decimals} decimals`,
    () => 0.5 * 10 ** -decimals,
  );
}

/** Compares the losses of mini-batches that a notebook prints, one in {@link PRINTED_EVERY}, up to the last step of our run. */
export function* printedLosses(
  title: string,
  notebook: readonly number[],
  losses: readonly number[],
): Generator<Figure> {
  for (const [i, figure] of notebook.entries()) {
    const step = i * PRINTED_EVERY;
    if (step < losses.length) yield printed(`${title}: loss of step ${step}`, figure, losses[step]);
  }
}

/** Compares a number that depends on draws without a seed. */
export function near(what: string, notebook: number, ours: number, within: number): Figure {
  return compare(what, [notebook], [ours], `± ${within}`, () => within);
}

/** Compares a number that depends on draws without a seed with the range over several seeds. */
export function among(what: string, notebook: number, ours: readonly number[]): Figure {
  const [smallest, largest] = [Math.min(...ours), Math.max(...ours)];
  return {
    what,
    notebook: show(notebook),
    ours: `${show(smallest)} … ${show(largest)}`,
    difference: null,
    tolerance: `the range of ${ours.length} seeds`,
    agrees: smallest <= notebook && notebook <= largest,
  };
}

function compare(
  what: string,
  notebook: readonly number[],
  ours: ArrayLike<number>,
  tolerance: string,
  allowed: (theirs: number) => number,
): Figure {
  const differences = notebook.map((theirs, i) => (theirs === ours[i] ? 0 : Math.abs(ours[i] - theirs)));
  return {
    what,
    notebook: notebook.map(show).join(" "),
    ours: Array.from(ours, show).join(" "),
    difference: Math.max(...differences),
    tolerance,
    agrees: ours.length === notebook.length &&
      differences.every((difference, i) => difference <= allowed(notebook[i])),
  };
}

function show(value: unknown): string {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return Array.from(value as Iterable<unknown>, show).join(" ");
  }
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(8)));
  return String(value);
}
