import { type Activation, requireUnread } from "../activation.ts";
import { padded, Region } from "../region.ts";
import type { Tape } from "../tape.ts";

/**
 * A recurrent layer of tanh: see `kernel/rnn.ts`.
 *
 * @param x The input's part, (b, h), whose gradient is in place of the output's.
 * @param start The name of the hidden layer before the first position, (h).
 * @param weight The name of the recurrent weights, (h, h).
 * @returns (b, h)
 */
export function rnn(tape: Tape, x: Activation, start: string, weight: string): Activation {
  tape.rowOrder = "by time";
  const h = x.columns;
  const h0 = tape.vectors[start] = new Region(1, h);
  const U = tape.matrices[weight] = new Region(h, h, padded(h));
  const transposed = tape.room(new Region(h, h, padded(h)));
  const zeros = tape.room(new Region(1, h));
  const previous = tape.activation(h);
  const out = tape.activation(h, { gradient: requireUnread(x) });
  tape.onForward(({ kernel, parents, groups, groupCount }) =>
    kernel.rnn(
      out.address,
      x.address,
      previous.address,
      h0.address,
      U.address,
      parents,
      groups,
      groupCount,
      out.stride,
      h,
    )
  );
  x.readers.push(({ kernel, parents, groups, groupCount }) =>
    kernel.rnnGradient(
      out.gradient,
      out.address,
      previous.address,
      h0.gradient,
      U.address,
      U.gradient,
      transposed.address,
      previous.gradient,
      zeros.address,
      parents,
      groups,
      groupCount,
      out.stride,
      h,
    )
  );
  return out;
}
