import type { Bytes } from "./bytes.ts";

/** What is trained, and how. All but the list have defaults: those of `edgemore train`. */
export interface TrainOptions {
  /** The list: its lines, or its text, one thing a line. At least 10 lines of up to 256 characters. */
  list: readonly string[] | string | Bytes;
  /** The list's file name, which the card has. Default: "list.txt". */
  listName?: string;
  /** The model's name. Default: that of its architecture. */
  name?: string;
  /** What its things are called, in the plural. Default: derived from the list's file name. */
  noun?: string;
  /** bigram, bigram-network, mlp, bow, wavenet, rnn, gru, lstm or transformer. Default "mlp". */
  architecture?: string;
  /** Sizes and choices of the architecture; those that are left out have its defaults. */
  hyperparameters?: Record<string, number | string | boolean>;
  /** Mini-batches to train on. Default 200,000. */
  steps?: number;
  /** Learning rate at the beginning. Default 0.1. */
  lr?: number;
  /** How the learning rate changes. Default "step": a tenth of it after half the steps. */
  schedule?: "constant" | "step" | "cosine";
  /** Steps in which the learning rate rises to that of the schedule. Default 0. */
  warmup?: number;
  /** Keep a moving average of the weights with this decay a step, such as 0.998. Default: the last weights. */
  average?: number;
  /** Examples in a mini-batch; "all" needs TensorFlow.js. Default 32. */
  batch?: number | "all";
  /** Rule of gradient descent. Default "sgd". */
  optimizer?: "sgd" | "momentum" | "adam" | "adamw";
  /** Each step takes this share, times the learning rate, off each matrix. Default: 0.01 with adamw, otherwise 0. */
  weightDecay?: number;
  /** Scale gradients down if their norm, of all together, is larger. Default: never. */
  clip?: number;
  /** Second beta of adam and adamw. Default 0.999. */
  beta2?: number;
  /** Share of elements that are set to zero in training, in architectures that have dropout. Default 0. */
  dropout?: number;
  /** What computes the steps. Default "auto": "fused" where the architecture has a fused step. */
  backend?: "auto" | "fused" | "tensorflow";
  /** Seed of the generator that draws the weights and then the mini-batches. Default 42. */
  seed?: number;
  /** Ends the run after the current step. It then gives the best model so far. */
  signal?: AbortSignal;
  /** Called about every tenth of a second. */
  onProgress?(progress: Progress): void | Promise<void>;
}

/** How far a run has come. */
export interface Progress {
  /** Steps that were made. */
  step: number;
  /** Steps of the run. */
  steps: number;
  /** Mean training loss of the last steps, in nats a character; null before the first. */
  loss: number | null;
  /** NLL of the dev split when it was last evaluated, in nats a character; null before. */
  devNll: number | null;
}
