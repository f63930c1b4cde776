import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/** Adds to each row the mean of the rows up to it in its word: (b, columns) -> (b, columns). */
export function addCausalMean(tape: Tape, x: Activation): Activation {
  const sums = tape.activation(x.columns);
  const out = tape.activation(x.columns);
  tape.onForward(({ kernel, batch, positions, parents }) =>
    kernel.addCausalMean(out.address, x.address, sums.address, x.stride, positions, parents, batch)
  );
  requireUnread(x).readers.push(({ kernel, batch, positions, parents }) =>
    kernel.addCausalMeanGradient(
      x.gradient,
      sums.gradient,
      out.gradient,
      x.stride,
      positions,
      parents,
      batch,
    )
  );
  return out;
}
