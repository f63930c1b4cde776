import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/** The hyperbolic tangent of each element: (b, columns) -> (b, columns). Overwrites x. */
export function tanh(tape: Tape, x: Activation): Activation {
  const out = tape.activation(x.columns, { values: requireUnread(x), gradient: x });
  tape.onForward(({ kernel, batch }) => kernel.tanhInPlace(out.address, batch * out.stride));
  x.readers.push(({ kernel, batch }) => kernel.tanhGradient(x.gradient, out.address, batch * out.stride));
  return out;
}
