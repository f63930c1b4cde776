import type { Examples } from "../shared/context.ts";
import type { TrainedNetwork } from "./architecture.ts";
import { fused } from "./backends/fused.ts";
import { tensorflow } from "./backends/tensorflow.ts";
import type { FitSettings, FitState } from "./fit.ts";

/** What a step changes: the parameters, and what the optimizer remembers of them. */
export type DescentState = Pick<FitState, "parameters" | "slots">;

/** A network on its way down the gradient. */
export interface Descent {
  /**
   * Makes one step.
   *
   * @param examples The mini-batch.
   * @param step From 0.
   * @returns The loss on the mini-batch before the step, in nats.
   */
  step(examples: Examples, learningRate: number, step: number): number;
  /** A copy of the state after the last step. */
  state(): DescentState;
  /** Frees what it holds. */
  dispose(): void;
}

/** Something that computes training steps. TensorFlow.js is the reference; what is faster is held to it. */
export interface Backend {
  /** Why it cannot train a network so, as the end of a sentence; undefined where it can. */
  obstacle(
    network: TrainedNetwork,
    vocabularySize: number,
    settings: Pick<FitSettings, "batch" | "optimizer">,
  ): string | undefined;
  /** Begins, or goes on, from a state, which is copied. */
  start(
    network: TrainedNetwork,
    vocabularySize: number,
    state: DescentState,
    settings: Pick<FitSettings, "optimizer" | "weightDecay">,
  ): Descent | Promise<Descent>;
}

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
  settings: Pick<FitSettings, "batch" | "optimizer">,
): BackendName {
  const name = choice === "auto" ? "fused" : choice;
  const obstacle = backends[name].obstacle(network, vocabularySize, settings);
  if (obstacle === undefined) return name;
  if (choice !== "auto") throw new Error(`Cannot train with the backend ${name}: ${obstacle}`);
  if (network.fused) console.error(`Training with tensorflow instead of the faster ${name}: ${obstacle}`);
  return "tensorflow";
}
