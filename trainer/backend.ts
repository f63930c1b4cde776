import type { Examples } from "../shared/context.ts";
import type { TrainedNetwork } from "./architecture.ts";
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
  /** Begins, or goes on, from a state, which is copied. */
  start(
    network: TrainedNetwork,
    vocabularySize: number,
    state: DescentState,
    settings: Pick<FitSettings, "optimizer" | "weightDecay">,
  ): Descent;
}

/** Every backend, by the name that the command line knows it by. */
export const backends = { tensorflow } as const satisfies Record<string, Backend>;
export type BackendName = keyof typeof backends;
