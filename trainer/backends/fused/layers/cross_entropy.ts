import { type Activation, requireUnread } from "../activation.ts";
import type { Tape } from "../tape.ts";

/**
 * The loss: the mean cross-entropy of logits, (b, vocabulary size), over the rows that have a target, in nats. Overwrites
 * them with their gradient.
 */
export function crossEntropy(tape: Tape, logits: Activation): void {
  requireUnread(logits).inPlaceOf.gradient = logits;
  tape.setLoss(
    logits,
    ({ kernel, batch, targets, firstTargets, targetCount }) =>
      kernel.crossEntropy(
        logits.address,
        logits.stride,
        targets,
        firstTargets,
        targetCount,
        batch,
        logits.columns,
      ),
  );
}
