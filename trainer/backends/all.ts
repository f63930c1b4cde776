import type { TrainedNetwork } from "../architecture.ts";
import type { Backend, StepSettings } from "../backend.ts";
import { fused } from "./fused.ts";
import { tensorflow } from "./tensorflow.ts";

/** Every backend, by its name on the command line. */
export const backends = { tensorflow, fused } as const satisfies Record<string, Backend>;
export type BackendName = keyof typeof backends;
/** A backend, or "auto": the fastest one that can train the network. */
export type BackendChoice = BackendName | "auto";

/**
 * Resolves a choice of backend. If a network has a fused step and "auto" cannot use it, stderr says why.
 *
 * @throws {Error} If the chosen backend cannot train the network with these settings.
 */
export function chooseBackend(
  choice: BackendChoice,
  network: TrainedNetwork,
  settings: Pick<StepSettings, "batch" | "optimizer">,
): BackendName {
  const name = choice === "auto" ? "fused" : choice;
  const unsupportedReason = backends[name].unsupportedReason(network, settings);
  if (unsupportedReason === undefined) return name;
  if (choice !== "auto") throw new Error(`Cannot train with the backend ${name}: ${unsupportedReason}`);
  if (network.planStep) {
    console.error(`Training with tensorflow instead of the faster ${name}: ${unsupportedReason}`);
  }
  return "tensorflow";
}
