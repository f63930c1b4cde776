import { type Activation, requireUnread } from "../activation.ts";
import { padded, Region } from "../region.ts";
import type { Tape } from "../tape.ts";

const GATES = ["i", "f", "o", "c"] as const;
type Gate = (typeof GATES)[number];

/**
 * Long short-term memory: see `kernel/lstm.ts`.
 *
 * @param inputs The input's part of each gate, (b, h), which is overwritten.
 * @param start The names of hidden layer and cell before the first position, (h).
 * @param weights The names of the recurrent weights of each gate, (h, h).
 * @returns (b, h)
 */
export function lstm(
  tape: Tape,
  inputs: Record<Gate, Activation>,
  start: Record<"hidden" | "cell", string>,
  weights: Record<Gate, string>,
): Activation {
  tape.rowOrder = "by time";
  const h = inputs.i.columns;
  const h0 = tape.vectors[start.hidden] = new Region(1, h);
  const s0 = tape.vectors[start.cell] = new Region(1, h);
  const zeros = tape.room(new Region(1, h));
  const gates = GATES.map((gate) => {
    const input = requireUnread(inputs[gate]);
    input.inPlaceOf.gradient = input;
    return {
      input,
      U: tape.matrices[weights[gate]] = new Region(h, h, padded(h)),
      transposed: tape.room(new Region(h, h, padded(h))),
    };
  });
  const [i, f, o, c] = gates;
  const previous = tape.activation(h);
  const previousCell = tape.values(h);
  const cell = tape.activation(h);
  const out = tape.activation(h);
  tape.onForward(({ kernel, parents, groups, groupCount }) =>
    kernel.lstm(
      out.address,
      cell.address,
      i.input.address,
      f.input.address,
      o.input.address,
      c.input.address,
      previous.address,
      previousCell.address,
      h0.address,
      s0.address,
      i.U.address,
      f.U.address,
      o.U.address,
      c.U.address,
      parents,
      groups,
      groupCount,
      out.stride,
      h,
    )
  );
  out.origin = ({ kernel, parents, groups, groupCount }) =>
    kernel.lstmGradient(
      out.gradient,
      cell.gradient,
      cell.address,
      i.input.address,
      f.input.address,
      o.input.address,
      c.input.address,
      previous.address,
      previousCell.address,
      h0.gradient,
      s0.gradient,
      i.U.address,
      f.U.address,
      o.U.address,
      c.U.address,
      i.U.gradient,
      f.U.gradient,
      o.U.gradient,
      c.U.gradient,
      i.transposed.address,
      f.transposed.address,
      o.transposed.address,
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
