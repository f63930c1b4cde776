import type { Dropout } from "../../dropout.ts";
import { Activation } from "./activation.ts";
import type { Region } from "./region.ts";
import type { RowOrder } from "./rows.ts";
import type { Pass, StepRun } from "./step_run.ts";

/** A layer of batch normalization. */
export interface Normalization {
  /** Its input, and the names of its buffers. */
  readonly x: Activation;
  readonly names: Record<"mean" | "std", string>;
  /** How many layers are before it. */
  readonly layer: number;
}

/**
 * What the layers of a training step record: the memory that they need, their forward passes, and their backward passes, which
 * go the other way, as those of a gradient tape do.
 */
export class Tape {
  /** Parameters of two dimensions. */
  readonly matrices: Record<string, Region> = {};
  /** Parameters of one dimension; weight decay leaves them alone. */
  readonly vectors: Record<string, Region> = {};
  /** Statistics that are not trained. */
  readonly buffers: Record<string, Region> = {};
  /** Memory for what the layers need beside their activations. */
  readonly scratch: Region[] = [];
  /** In the order in which they are computed. */
  readonly activations: Activation[] = [];
  /** Tokens of a row. */
  time = 0;
  /** The order of the rows, if they are positions of words. A layer that works along words sets it. */
  rowOrder: RowOrder = "by word";
  /** In the order in which they are computed. */
  readonly normalizations: Normalization[] = [];
  /** Layers of dropout so far. */
  dropoutLayers = 0;
  readonly #forward: Pass[] = [];
  readonly #afterBackward: Pass[] = [];
  #logits?: Activation;
  #loss: (run: StepRun) => number = () => NaN;

  /**
   * @param contextLength Of the network: null if it sees whole words.
   * @param dropout Default: none, as in an evaluation.
   */
  constructor(
    readonly contextLength: number | null,
    readonly dropoutSettings: Dropout = { share: 0, seed: 0 },
  ) {}

  /** Whether dropout does anything. */
  get dropsOut(): boolean {
    return this.dropoutSettings.share > 0;
  }

  /**
   * Whether words that begin alike share rows: not if a layer depends on how often a row occurs, nor if dropout makes them
   * differ.
   */
  get sharesRows(): boolean {
    return this.normalizations.length === 0 && !this.dropsOut;
  }

  /** An activation that the layer computes next. */
  activation(columns: number, inPlaceOf: Activation["inPlaceOf"] = {}, rows?: number): Activation {
    const activation = new Activation(columns, inPlaceOf, rows);
    this.activations.push(activation);
    return activation;
  }

  /** An activation without a gradient: what a layer keeps for its backward pass. */
  values(columns: number): Activation {
    const values = this.activation(columns);
    values.inPlaceOf.gradient = values;
    return values;
  }

  /** Memory that a layer needs beside its activations, with zeros at first. */
  room(region: Region): Region {
    this.scratch.push(region);
    return region;
  }

  /** Says that the next layer is a batch normalization. */
  normalizes(x: Activation, names: Normalization["names"]): void {
    this.normalizations.push({ x, names, layer: this.#forward.length });
  }

  /** Adds a forward pass. */
  onForward(pass: Pass): void {
    this.#forward.push(pass);
  }

  /** Adds a pass after the backward passes of all layers. */
  afterBackward(pass: Pass): void {
    this.#afterBackward.push(pass);
  }

  /** The last layer: the loss, in nats, which overwrites the logits with their gradient. */
  setLoss(logits: Activation, loss: (run: StepRun) => number): void {
    this.#logits = logits;
    this.#loss = loss;
  }

  /** Computes the layers before one, or all. */
  forward(run: StepRun, { layer }: Pick<Normalization, "layer"> = { layer: this.#forward.length }): void {
    for (let i = 0; i < layer; i++) this.#forward[i](run);
  }

  /** Computes the log-probabilities of all classes, (b, vocabulary size), in place of the logits. */
  logProbs(run: StepRun): Activation {
    if (!this.#logits) throw new TypeError("Cannot compute log-probabilities: the plan has no cross-entropy");
    const { address, stride, columns } = this.#logits;
    this.forward(run);
    run.kernel.logSoftmaxInPlace(address, stride, run.batch, columns);
    return this.#logits;
  }

  /** Computes the loss of a mini-batch, or its part of it, in nats, and the gradients of all parameters. */
  lossAndGradients(run: StepRun): number {
    this.forward(run);
    const loss = this.#loss(run);
    for (let i = this.activations.length - 1; i >= 0; i--) {
      const { readers, origin } = this.activations[i];
      for (let reader = 0; reader < readers.length; reader++) readers[reader](run, reader === 0);
      origin?.(run);
    }
    for (const pass of this.#afterBackward) pass(run);
    return loss;
  }
}
