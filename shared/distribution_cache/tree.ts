import type { Work } from "../work.ts";

/** Some beginnings of one text: its first `from`, `from + 1`, … `to` tokens. */
export interface Wanted {
  readonly tokens: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Finds the nodes of beginnings, and has the model compute the missing ones. */
export interface Tree {
  /** The most beginnings in a run. */
  readonly maxRun: number;
  /** Whether any beginning waits for a run. */
  readonly waiting: boolean;
  /**
   * The row of a beginning, or UNKNOWN.
   *
   * @param tokens An array that starts with the beginning's tokens.
   * @param length The number of those tokens.
   */
  find(tokens: readonly number[], length: number): number;
  /**
   * The row of a beginning whose parent is known, or UNKNOWN.
   *
   * @param parent The row of the beginning without that token.
   */
  findNext(parent: number, tokens: readonly number[], length: number): number;
  /**
   * Adds the beginnings without a node, at most {@link maxRun} of them, to those that wait for a run.
   *
   * @throws {WorkLimitError} If they exceed the limit of the work.
   */
  want(wanted: readonly Wanted[], work?: Work): void;
  /**
   * Runs the model for the beginnings that have waited longest, and adds their nodes.
   *
   * @returns The estimated cost, in milliseconds.
   * @throws {BrokenModelError} If a row is not a distribution.
   */
  run(): Promise<number>;
  /** Removes all nodes and all waiting beginnings. */
  clear(): void;
}
