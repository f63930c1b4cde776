import { type Activation, requireUnread } from "../activation.ts";
import { Region } from "../region.ts";
import type { Tape } from "../tape.ts";

/**
 * Adds to each row the embedding of its position, which later positions share with the last one: (b, columns) ->
 * (b, columns). Overwrites x. The number of columns is a multiple of eight.
 */
export function positions(tape: Tape, x: Activation, table: string, count: number): Activation {
  const P = tape.matrices[table] = new Region(count, x.columns);
  const out = tape.activation(x.columns, { values: requireUnread(x), gradient: x });
  tape.onForward(({ kernel, batch, positions }) =>
    kernel.addPositions(out.address, out.stride, P.address, positions, batch, count)
  );
  x.readers.push(({ kernel, batch, positions }) =>
    kernel.addPositionsGradient(P.gradient, out.gradient, out.stride, positions, batch, count)
  );
  return out;
}
