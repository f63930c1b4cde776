import { type Activation, requireUnread } from "../activation.ts";
import { Region } from "../region.ts";
import type { Tape } from "../tape.ts";

/**
 * Batch normalization with the mini-batch's own statistics: (b, columns) -> (b, columns). Overwrites x.
 *
 * @param momentum How much of the running mean and std, which are buffers, becomes the mini-batch's in a step.
 */
export function batchNormalization(
  tape: Tape,
  x: Activation,
  names: Record<"gain" | "shift" | "mean" | "std", string>,
  momentum: number,
): Activation {
  const gain = tape.vectors[names.gain] = new Region(1, x.columns);
  const shift = tape.vectors[names.shift] = new Region(1, x.columns);
  const mean = tape.buffers[names.mean] = new Region(1, x.columns);
  const std = tape.buffers[names.std] = new Region(1, x.columns);
  const batchStd = tape.room(new Region(1, x.columns));
  const out = tape.activation(x.columns, { gradient: requireUnread(x) });
  tape.normalizes(x, names);
  tape.onForward(({ kernel, batch, evaluates }) => {
    const parameters = [gain.address, shift.address, mean.address, std.address] as const;
    if (evaluates) kernel.normalize(out.address, x.address, x.stride, ...parameters, batch);
    else {
      kernel.batchNormalization(
        out.address,
        x.address,
        x.stride,
        ...parameters,
        batchStd.address,
        momentum,
        batch,
      );
    }
  });
  x.readers.push(({ kernel, batch }) =>
    kernel.batchNormalizationGradient(
      gain.gradient,
      shift.gradient,
      x.gradient,
      x.address,
      x.stride,
      gain.address,
      batchStd.address,
      batch,
    )
  );
  return out;
}
