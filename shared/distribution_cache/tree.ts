import type { Work } from "../work.ts";

/** Beginnings of one text of which the nodes are wanted: its first `from`, `from + 1`, … `to` tokens. */
export interface Wanted {
  readonly tokens: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** How the nodes of a model's tree are found, and how the model is asked for those that are missing. */
export interface Tree {
  /** Most beginnings that a run takes. */
  readonly maxRun: number;
  /** Whether anything waits for a run. */
  readonly waiting: boolean;
  /**
   * The row of a beginning, or UNKNOWN.
   *
   * @param tokens An array that starts with the beginning's tokens.
   * @param length How many they are.
   */
  find(tokens: readonly number[], length: number): number;
  /**
   * The row that the last token of a beginning leads to, or UNKNOWN.
   *
   * @param parent The row of the beginning without that token.
   */
  findNext(parent: number, tokens: readonly number[], length: number): number;
  /**
   * Makes the beginnings that have no node wait for a run, at most {@link maxRun} of them.
   *
   * @throws {WorkLimitError} If they are more than the work may have.
   */
  want(wanted: readonly Wanted[], work?: Work): void;
  /**
   * Runs the model for those that have waited longest, and adds their nodes.
   *
   * @returns What it cost, in milliseconds by the estimate.
   * @throws {BrokenModelError} If a row is not a distribution.
   */
  run(): Promise<number>;
  /** Removes all nodes, and all that wait. */
  clear(): void;
}
