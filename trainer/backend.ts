import type { Examples } from "../shared/context.ts";
import type { TrainedNetwork } from "./architecture.ts";
import type { OptimizerName } from "./optimizers.ts";
import type { Parameter, Parameters } from "./parameters.ts";

/** What a step changes. */
export interface DescentState {
  /** Those that are trained, and the statistics that are measured beside. */
  parameters: Parameters;
  /** What the optimizer remembers of each parameter that is trained. */
  slots: Record<string, Parameter[]>;
}

/** How a step is made. */
export interface DescentSettings {
  /** Examples in a mini-batch, drawn anew for each step; "all" takes every example in every step. */
  batch: number | "all";
  optimizer: OptimizerName;
  /**
   * What share of each matrix, times the learning rate, a step takes away; biases and other vectors decay not.
   *
   * Source: Bengio et al. 2003, R of their training criterion; decoupled from the gradient as in Loshchilov and
   * Hutter, "Decoupled weight decay regularization", ICLR 2019. Default 0.
   */
  weightDecay?: number;
}

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
  unsupportedReason(
    network: TrainedNetwork,
    vocabularySize: number,
    settings: Pick<DescentSettings, "batch" | "optimizer">,
  ): string | undefined;
  /** Begins, or goes on, from a state, which is copied. */
  start(
    network: TrainedNetwork,
    vocabularySize: number,
    state: DescentState,
    settings: Pick<DescentSettings, "optimizer" | "weightDecay">,
  ): Descent | Promise<Descent>;
}
