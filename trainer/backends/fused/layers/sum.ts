import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/**
 * The sum of what layers read and what they computed from it, x + y: (b, columns), (b, columns) -> (b, columns). Overwrites y.
 *
 * @throws {TypeError} If no layer has read x: the first to do so writes its gradient, and this one only adds to it.
 */
export function sum(tape: Tape, x: Activation, y: Activation): Activation {
  if (x.readers.length === 0) {
    throw new TypeError("Cannot add to a layer's output: no layer has read its input");
  }
  const out = tape.activation(y.columns, { values: requireUnread(y), gradient: y });
  tape.onForward(({ kernel, batch }) => kernel.addRow(out.address, batch * out.stride, x.address, 1));
  x.readers.push(({ kernel, batch }) => kernel.addRow(x.gradient, batch * x.stride, out.gradient, 1));
  return out;
}
