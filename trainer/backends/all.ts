import type { TrainedNetwork } from "../architecture.ts";
import type { Backend, DescentSettings } from "../backend.ts";
import { fused } from "./fused.ts";
import { tensorflow } from "./tensorflow.ts";

/** Every backend, by the name that the command line knows it by. */
export const backends = { tensorflow, fused } as const satisfies Record<string, Backend>;
export type BackendName = keyof typeof backends;
/** A backend, or the fastest that can train the network. */
export type BackendChoice = BackendName | "auto";

/**
 * The backend that a choice amounts to.
 *
 * @throws {Error} If it cannot train the network with these settings.
 */
export function chooseBackend(
  choice: BackendChoice,
  network: TrainedNetwork,
  vocabularySize: number,
  settings: Pick<DescentSettings, "batch" | "optimizer">,
): BackendName {
  const name = choice === "auto" ? "fused" : choice;
  const unsupportedReason = backends[name].unsupportedReason(network, vocabularySize, settings);
  if (unsupportedReason === undefined) return name;
  if (choice !== "auto") throw new Error(`Cannot train with the backend ${name}: ${unsupportedReason}`);
  if (network.fused) {
    console.error(`Training with tensorflow instead of the faster ${name}: ${unsupportedReason}`);
  }
  return "tensorflow";
}
