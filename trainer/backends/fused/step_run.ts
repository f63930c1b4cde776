import type { Kernel } from "./kernel.ts";

/** A mini-batch in the kernel's memory. */
export interface StepRun {
  readonly kernel: Kernel;
  /** Rows: windows, or positions of words in the plan's order. */
  readonly batch: number;
  /** The same, rounded up to whole blocks. */
  readonly rows: number;
  /** Address of the tokens, int32 [batch, time]. */
  readonly tokens: number;
  /** Address of the targets, int32: one for each row, if rows are windows. */
  readonly targets: number;
  /** If rows are positions of words: address of the first target of each row, int32 [batch + 1]; else 0. */
  readonly firstTargets: number;
  /** How many targets the loss is the mean of. */
  readonly targetCount: number;
  /** If rows are positions of words: address of the positions, int32 [batch]. */
  readonly positions: number;
  /** If rows are positions of words: address of the row before each, int32 [batch]. */
  readonly parents: number;
  /** If rows are positions of words: address of the `groups` of `WordRows` in rows.ts, int32 [groupCount + 1]. */
  readonly groups: number;
  readonly groupCount: number;
  /** If the plan has dropout: address of the number of each row, int32 [batch]. */
  readonly numbers: number;
  /** The training step, from 0. */
  readonly step: number;
  /** It is no training step: normalization uses its buffers. */
  readonly evaluates: boolean;
}

/** A part of a forward or a backward pass. */
export type Pass = (run: StepRun) => void;
