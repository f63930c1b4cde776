import { type Activation, requireUnread } from "../activation.ts";
import { padded, Region } from "../region.ts";
import type { Tape } from "../tape.ts";

/**
 * A gated recurrent unit: see `kernel/gru.ts`.
 *
 * @param inputs The input's part of each gate, (b, h), which is overwritten.
 * @param start The name of the hidden layer before the first position, (h).
 * @param weights The names of the recurrent weights of each gate, (h, h).
 * @returns (b, h)
 */
export function gru(
  tape: Tape,
  inputs: Record<"z" | "r" | "c", Activation>,
  start: string,
  weights: Record<"z" | "r" | "c", string>,
): Activation {
  tape.rowOrder = "by time";
  const h = inputs.z.columns;
  const h0 = tape.vectors[start] = new Region(1, h);
  const zeros = tape.room(new Region(1, h));
  const [z, r, c] = (["z", "r", "c"] as const).map((gate) => {
    const input = requireUnread(inputs[gate]);
    input.inPlaceOf.gradient = input;
    return {
      input,
      U: tape.matrices[weights[gate]] = new Region(h, h, padded(h)),
      transposed: tape.room(new Region(h, h, padded(h))),
    };
  });
  const previous = tape.activation(h);
  const reset = tape.activation(h, { gradient: previous });
  const out = tape.activation(h);
  tape.onForward(({ kernel, parents, groups, groupCount }) =>
    kernel.gru(
      out.address,
      z.input.address,
      r.input.address,
      c.input.address,
      previous.address,
      reset.address,
      h0.address,
      z.U.address,
      r.U.address,
      c.U.address,
      parents,
      groups,
      groupCount,
      out.stride,
      h,
    )
  );
  out.origin = ({ kernel, parents, groups, groupCount }) =>
    kernel.gruGradient(
      out.gradient,
      z.input.address,
      r.input.address,
      c.input.address,
      previous.address,
      reset.address,
      h0.gradient,
      z.U.address,
      r.U.address,
      c.U.address,
      z.U.gradient,
      r.U.gradient,
      c.U.gradient,
      z.transposed.address,
      r.transposed.address,
      c.transposed.address,
      previous.gradient,
      zeros.address,
      parents,
      groups,
      groupCount,
      out.stride,
      h,
    );
  return out;
}
