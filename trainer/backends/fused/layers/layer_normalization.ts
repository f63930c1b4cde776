import type { Activation } from "../activation.ts";
import { Region } from "../region.ts";
import type { Tape } from "../tape.ts";

/**
 * Layer normalization of each row: (b, columns) -> (b, columns). The number of columns is a multiple of eight. It keeps what
 * its gradient needs, so a later layer may overwrite x.
 */
export function layerNormalization(
  tape: Tape,
  x: Activation,
  names: Record<"gain" | "shift", string>,
): Activation {
  const gain = tape.vectors[names.gain] = new Region(1, x.columns);
  const shift = tape.vectors[names.shift] = new Region(1, x.columns);
  const normalized = tape.values(x.columns);
  const deviations = tape.values(1);
  const out = tape.activation(x.columns);
  tape.onForward(({ kernel, batch }) =>
    kernel.layerNormalization(
      out.address,
      normalized.address,
      deviations.address,
      deviations.stride,
      x.address,
      x.stride,
      gain.address,
      shift.address,
      batch,
    )
  );
  x.readers.push(({ kernel, batch }, isFirst) =>
    kernel.layerNormalizationGradient(
      gain.gradient,
      shift.gradient,
      x.gradient,
      isFirst,
      out.gradient,
      normalized.address,
      deviations.address,
      deviations.stride,
      x.stride,
      gain.address,
      batch,
    )
  );
  return out;
}
