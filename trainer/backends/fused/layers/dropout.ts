import { dropoutKey, dropoutScale, dropoutThreshold } from "../../../dropout.ts";
import { type Activation, requireUnread } from "../activation.ts";
import type { StepRun } from "../step_run.ts";
import type { Tape } from "../tape.ts";

/** Dropout: (b, columns) -> (b, columns). Without dropout it returns x itself. */
export function dropout(tape: Tape, x: Activation): Activation {
  if (!tape.dropsOut) return x;
  const apply = nextDropout(tape);
  const out = tape.activation(x.columns, { gradient: requireUnread(x) });
  tape.onForward((run) => apply(run, out.address, x.address, x.stride));
  x.readers.push((run) => apply(run, x.gradient, out.gradient, x.stride));
  return out;
}

/** The next layer of dropout: writes the elements at `x` that it keeps to `out`, or adds them there. */
export function nextDropout(
  tape: Tape,
): (run: StepRun, out: number, x: number, stride: number, adds?: boolean) => void {
  const layer = tape.dropoutLayers++;
  const threshold = dropoutThreshold(tape.dropoutSettings);
  const scale = dropoutScale(tape.dropoutSettings);
  return ({ kernel, batch, numbers, step }, out, x, stride, adds = false) => {
    const key = dropoutKey(tape.dropoutSettings, step, layer);
    kernel.dropout(out, x, adds, stride, numbers, batch, key, threshold, scale);
  };
}
