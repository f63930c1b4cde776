import type { Network, TrainedNetwork } from "../architecture.ts";
import type { Backend, StepSettings } from "../backend.ts";
import type { Parameters } from "../parameters.ts";
import { counted } from "./counted.ts";
import { fused, hasPlanFor } from "./fused.ts";
import { tensorflow } from "./tensorflow.ts";

/** Every backend, by its name on the command line. */
export const backends = { tensorflow, fused } as const satisfies Record<string, Backend>;
export type BackendName = keyof typeof backends;
/** A backend, or "auto": the fastest one that can train the network. */
export type BackendChoice = BackendName | "auto";

/**
 * What evaluates a network: `fused` if it can, look-ups for what was counted, otherwise TensorFlow.js. It does not depend on
 * what trains the network, nor on where: a seed gives the same figures to the last bit.
 */
export function evaluationBackend(network: Network, parameters: Parameters): Pick<Backend, "evaluator"> {
  if (network.learns === "by counting") return counted;
  const canFuse = hasPlanFor(network, parameters) &&
    fused.unsupportedReason(network, { batch: 1, optimizer: "sgd" }) === undefined;
  return canFuse ? fused : tensorflow;
}

/**
 * Resolves a choice of backend. If a network has a fused step and "auto" cannot use it, stderr says why.
 *
 * @throws {RangeError} If dropout is asked for, and the network has none.
 * @throws {Error} If the chosen backend cannot train the network with these settings.
 */
export function chooseBackend(
  choice: BackendChoice,
  network: TrainedNetwork,
  settings: Pick<StepSettings, "batch" | "optimizer" | "dropout" | "workers">,
): BackendName {
  if (settings.dropout && !network.dropsOut) {
    throw new RangeError(`Cannot train with dropout ${settings.dropout}: this architecture has no dropout`);
  }
  const name = choice === "auto" ? "fused" : choice;
  const unsupportedReason = backends[name].unsupportedReason(network, settings);
  if (unsupportedReason === undefined) return name;
  if (choice !== "auto") throw new Error(`Cannot train with the backend ${name}: ${unsupportedReason}`);
  if (backends.tensorflow.unsupportedReason(network, settings) !== undefined) {
    throw new Error(`Cannot train with ${settings.workers} workers: ${unsupportedReason}`);
  }
  if (network.planStep) {
    console.error(`Training with tensorflow instead of the faster ${name}: ${unsupportedReason}`);
  }
  return "tensorflow";
}
