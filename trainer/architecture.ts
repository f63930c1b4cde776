import type { Scalar, Tensor1D, Tensor2D } from "@tensorflow/tfjs";
import type { z } from "zod";
import type { Examples } from "../shared/context.ts";
import type { TorchGenerator } from "../shared/random/torch.ts";
import type { GraphBuilder } from "./onnx/graph.ts";
import type { Parameters, Weights } from "./parameters.ts";

/** The choices that are made before training, as they stand on a model's card. */
export type Hyperparameters = Record<string, number | string | boolean>;

/**
 * A kind of model. One file of `architectures/` exports one, and `architectures/all.ts` lists them; the
 * command line takes its flags from the schema, the export its graph from the network.
 */
export interface Architecture<H extends Hyperparameters = Hyperparameters> {
  /** Its name on the command line and on cards. */
  readonly name: string;
  /** What it is, in a phrase. */
  readonly summary: string;
  /** Each key is a flag of the command line, its description the flag's help. */
  readonly hyperparameters: z.ZodObject<{ [Key in keyof H]: z.ZodType<H[Key]> }>;
  /** The model of this kind with the given sizes. */
  build(hyperparameters: H, vocabularySize: number): Network;
}

interface Predictor {
  readonly contextLength: number;
  /**
   * The forward pass.
   *
   * @param contexts int32 [batch, contextLength].
   * @returns Log-probabilities, float32 [batch, vocabularySize].
   */
  logProbs(weights: Weights, contexts: Tensor2D): Tensor2D;
  /** The forward pass as an ONNX graph, from input `context` to output `log_probs`. */
  graph(parameters: Parameters): GraphBuilder;
}

/** A model whose parameters are counted. */
export interface CountedNetwork extends Predictor {
  readonly learns: "by counting";
  count(examples: Examples): Parameters;
}

/** A model whose parameters go down a gradient. */
export interface TrainedNetwork extends Predictor {
  readonly learns: "by gradient descent";
  /** Draws the initial parameters. */
  initialise(generator: TorchGenerator): Parameters;
  /**
   * What training minimises, on one mini-batch.
   *
   * @param contexts int32 [batch, contextLength].
   * @param targets int32 [batch].
   */
  loss(weights: Weights, contexts: Tensor2D, targets: Tensor1D): Scalar;
}

/** A model of known sizes. */
export type Network = CountedNetwork | TrainedNetwork;
