import type { Activation } from "../activation.ts";
import type { Tape } from "../tape.ts";
import { nextDropout } from "./dropout.ts";
import { linear } from "./linear.ts";

/**
 * A residual connection around a linear layer and dropout, x + dropout(y W + b): (b, columns), (b, in) -> (b, columns).
 * Overwrites x, whose other readers are layers that keep what their gradient needs: {@link layerNormalization}.
 */
export function residual(
  tape: Tape,
  x: Activation,
  y: Activation,
  names: { weight: string; bias: string },
): Activation {
  const branch = tape.dropsOut ? linear(tape, y, x.columns, names) : undefined;
  const out = tape.activation(x.columns, { values: x, gradient: x });
  if (branch) {
    const apply = nextDropout(tape);
    tape.onForward((run) => apply(run, out.address, branch.address, out.stride, true));
    branch.readers.push((run) => apply(run, branch.gradient, out.gradient, out.stride));
  } else linear(tape, y, x.columns, { ...names, plus: out });
  // The gradient of the sum is the first one of x, and already there.
  x.readers.unshift(() => {});
  return out;
}
