/** A figure that a notebook prints, beside ours. */
export interface Figure {
  /** What it is. */
  what: string;
  notebook: string;
  ours: string;
  /** How far apart they are, where they are numbers. */
  difference: number | null;
  /** How far apart they may be, in words. */
  tolerance: string;
  agrees: boolean;
}

/** What must be the same to the letter: names, counts, targets. */
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

/** Numbers that a short computation must give again, to 1e-5 of their size. */
export function close(what: string, notebook: number, ours: number): Figure {
  return compare(what, [notebook], [ours], "1e-5 relative", (theirs) => 1e-5 * Math.abs(theirs));
}

/** Numbers as they are printed, to so many decimals: what was rounded away is allowed. */
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

/** A number that agrees only in distribution, for the notebook drew it without a seed. */
export function near(what: string, notebook: number, ours: number, within: number): Figure {
  return compare(what, [notebook], [ours], `± ${within}`, () => within);
}

/** A number that has no fixed place, held to the range of what several seeds give. */
export function among(what: string, notebook: number, ours: readonly number[]): Figure {
  const [least, most] = [Math.min(...ours), Math.max(...ours)];
  return {
    what,
    notebook: show(notebook),
    ours: `${show(least)} … ${show(most)}`,
    difference: null,
    tolerance: `the range of ${ours.length} seeds`,
    agrees: least <= notebook && notebook <= most,
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
