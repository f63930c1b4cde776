import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/** The Gaussian error linear unit of each element: (b, columns) -> (b, columns). Overwrites x with its slope. */
export function gelu(tape: Tape, x: Activation): Activation {
  const out = tape.activation(x.columns, { gradient: requireUnread(x) });
  tape.onForward(({ kernel, batch }) => kernel.gelu(out.address, x.address, batch * x.stride));
  x.readers.push(({ kernel, batch }) => kernel.geluGradient(x.gradient, x.address, batch * x.stride));
  return out;
}
