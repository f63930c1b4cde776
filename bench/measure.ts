import { cpuUsage } from "node:process";
import type { ModelOptions } from "./models.ts";

/** A result of a benchmark: one row of the table. */
export interface Finding {
  /** What was measured. */
  what: string;
  unit: string;
  ours: Spread;
  /** What ours is compared with. */
  peer: string;
  /** The peer's measurements in the same run. */
  theirs: Spread;
  /** A remark to print with the row. */
  note?: string;
}

/** The median, minimum and maximum of several measurements. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** A row of a table of models: a number by the name of its column. */
export type ModelRow = { model: string } & Record<string, number | string>;

/** A benchmark of one hot path. `run` reports its progress to `tell`, and returns the rows of the table. */
export interface Bench {
  title: string;
  /**
   * @param options The models that the command line asks for, if the benchmark measures each architecture.
   * @param show Prints a table of models.
   */
  run(
    tell: (text: string) => void,
    options: ModelOptions,
    show: (title: string, rows: readonly ModelRow[]) => void,
  ): Promise<Finding[]>;
}

/** What speed is measured by: CPU time does not see what else a machine does. By name, Python's function of it. */
export const CLOCKS = { wall: "perf_counter", CPU: "process_time" } as const;
export type Clock = keyof typeof CLOCKS;

/** Seconds of a clock; CPU time is that of all threads. */
export function secondsOf(clock: Clock): number {
  if (clock === "wall") return performance.now() / 1000;
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/** The spread of at least one measurement. */
export function spread(values: readonly number[]): Spread {
  const ascending = [...values].sort((a, b) => a - b);
  return { median: ascending[Math.floor(ascending.length / 2)], min: ascending[0], max: ascending.at(-1)! };
}

/** Runs several measurements in turn, for a number of rounds, so that other load on the machine affects all of them. */
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
