/** What a bench found: one row of the table. */
export interface Finding {
  /** What was measured. */
  what: string;
  unit: string;
  ours: Spread;
  /** Whom against, and how that did in the same run. */
  peer: string;
  theirs: Spread;
  /** What else was seen, in words. */
  beside?: string;
}

/** The median of several runs, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** A bench: it measures one hot path, tells on the way what it does, and gives its rows. */
export interface Bench {
  title: string;
  run(tell: (text: string) => void): Promise<Finding[]>;
}

/** The spread of some measurements, at least one. */
export function spread(values: readonly number[]): Spread {
  const rising = [...values].sort((a, b) => a - b);
  return { median: rising[Math.floor(rising.length / 2)], min: rising[0], max: rising[rising.length - 1] };
}

/** Measures several things in turn, several times over, so that what disturbs the machine disturbs them all. */
export async function alternate<Name extends string>(
  rounds: number,
  measures: Record<Name, () => number | Promise<number>>,
): Promise<Record<Name, Spread>> {
  const names = Object.keys(measures) as Name[];
  const values = new Map<Name, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values.get(name)!.push(await measures[name]());
  }
  return Object.fromEntries(names.map((name) => [name, spread(values.get(name)!)])) as Record<Name, Spread>;
}
