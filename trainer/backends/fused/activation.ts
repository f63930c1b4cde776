import { padded, type Region, WORD } from "./region.ts";
import type { Pass, StepRun } from "./step_run.ts";

/**
 * The output of a layer and its gradient, with a row for each window of the mini-batch or each position of its words; or
 * with a row for each token of the vocabulary.
 */
export class Activation {
  /** Addresses, in bytes; set when memory is laid out for a mini-batch. */
  address = 0;
  gradient = 0;
  /** The backward passes of the layers that read it: the first writes its gradient, the others add to it. */
  readonly readers: ((run: StepRun, isFirst: boolean) => void)[] = [];
  /** The backward pass of the layer that computes it, if it is none of the {@link readers} of another. */
  origin?: Pass;

  /** Bytes from one row to the next. */
  readonly stride: number;

  constructor(
    readonly columns: number,
    /** What holds the values or the gradient of this one, because a layer works in place. */
    readonly inPlaceOf: { values?: Activation | Region; gradient?: Activation | Region } = {},
    /** Rows, if it has not one for each of the mini-batch. */
    readonly rows?: number,
  ) {
    this.stride = padded(columns) * WORD;
  }
}

/** An activation that may be overwritten, because no layer has read it. */
export function requireUnread(activation: Activation): Activation {
  if (activation.readers.length === 0) return activation;
  throw new TypeError("Cannot compute a layer in place: another layer reads its input");
}
