import type { Network, TrainedNetwork } from "./architecture.ts";
import type { Batch, EvaluationBatch, Examples } from "./examples.ts";
import type { OptimizerName } from "./optimizers.ts";
import type { Parameter, Parameters } from "./parameters.ts";

/** What a training step changes. */
export interface StepState {
  /** The parameters that are trained, and the buffers. */
  parameters: Parameters;
  /** What the optimizer keeps of each parameter that is trained, such as its velocity. */
  optimizerState: Record<string, Parameter[]>;
}

/** How a training step is made. */
export interface StepSettings {
  /** Examples in a mini-batch, drawn anew for each step; "all" takes every example in every step. */
  batch: number | "all";
  optimizer: OptimizerName;
  /**
   * Each step takes the learning rate times this share off each matrix; vectors, such as biases, do not decay. Default 0.
   *
   * Source: R in the training criterion of Bengio et al. 2003, decoupled from the gradient as in Loshchilov and
   * Hutter, "Decoupled weight decay regularization", ICLR 2019.
   */
  weightDecay?: number;
  /**
   * Largest norm of all gradients together; longer ones are scaled down to it. Default: none.
   *
   * Source: Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013; as
   * `torch.nn.utils.clip_grad_norm_`.
   */
  clip?: number;
  /** Adam's second beta. Default 0.999. */
  beta2?: number;
  /** Share of elements that dropout sets to zero, below 1. Default 0. */
  dropout?: number;
  /**
   * Threads that compute a step, each with its part of the mini-batch. Gradients are summed in a fixed order, so that the same
   * number gives the same bits; another number gives other last bits. Default 1.
   */
  workers?: number;
  /** Seed of the elements that dropout sets to zero. Default 0. */
  seed?: number;
}

/** The factor that clips gradients of this norm, as PyTorch computes it. */
export function clipFactor(norm: number, clip: number): number {
  return Math.min(1, clip / (norm + 1e-6));
}

/** A network that is being trained. It holds memory until it is disposed of. */
export interface TrainingSession {
  /**
   * Makes one step.
   *
   * @param step From 0.
   * @returns The loss of the mini-batch before the step, in nats.
   */
  step(batch: Batch, learningRate: number, step: number): number;
  /** A copy of the state after the last step. */
  state(): StepState;
  /** Frees its memory. */
  dispose(): void;
}

/** Forward passes without gradients. It holds memory until it is disposed of. */
export interface Evaluator {
  /**
   * Measures the network's buffers over examples of the train split, if the network asks for it, and uses them from then on.
   *
   * @returns The buffers; nothing if training leaves them as they are used.
   */
  measureBuffers(train: Examples): Parameters;
  /**
   * Computes the NLL of each target of a batch.
   *
   * @returns [targets], in nats; Infinity if a target is impossible.
   */
  losses(batch: EvaluationBatch): Float32Array;
  /**
   * Computes the log-probabilities of the token after the last position.
   *
   * @param tokens [batch, time]: windows, or beginnings of words with their boundary if the network has no window.
   * @returns [batch, V], row-major.
   */
  lastLogProbs(tokens: Int32Array<ArrayBuffer>, batch: number): Float32Array;
  /** Frees its memory. */
  dispose(): void;
}

/** Computes training steps. TensorFlow.js is the reference; the tests compare the others with it. */
export interface Backend {
  /** Why it cannot train a network with these settings, as the end of a sentence; undefined if it can. */
  unsupportedReason(
    network: TrainedNetwork,
    settings: Pick<StepSettings, "batch" | "optimizer" | "dropout" | "workers">,
  ): string | undefined;
  /** Begins with a copy of a state. */
  start(
    network: TrainedNetwork,
    state: StepState,
    settings: Omit<StepSettings, "batch">,
  ): TrainingSession | Promise<TrainingSession>;
  /** Begins to evaluate a network with these parameters. */
  evaluator(network: Network, parameters: Parameters): Evaluator | Promise<Evaluator>;
}
