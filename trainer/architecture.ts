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
export interface Architecture<
  H extends Hyperparameters = Hyperparameters,
  N extends Network = Network,
> {
  /** Its name on the command line and on cards. */
  readonly name: string;
  /** What it is, in a phrase. */
  readonly summary: string;
  /** Each key is a flag of the command line, its description the flag's help. */
  readonly hyperparameters: z.ZodObject<{ [Key in keyof H]: z.ZodType<H[Key]> }>;
  /** The model of this kind with the given sizes. */
  build(hyperparameters: H, vocabularySize: number): N;
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

/** The sizes and the parts of a tanh MLP, beside its context and its vocabulary; see `architectures/mlp.ts`. */
export interface MlpSizes {
  embedding: number;
  hidden: number;
  /** It has b1. */
  bias: boolean;
  /** It has W3. */
  direct: boolean;
  /** It has batch normalization, trained with each batch's own statistics. */
  normalized: boolean;
  /** How much of the statistics after a step is the newest batch's; 0 where training leaves them alone. */
  runningShare: number;
}

/** A model whose parameters go down a gradient. */
export interface TrainedNetwork extends Predictor {
  readonly learns: "by gradient descent";
  /** Sizes for a backend with a fused step, where there is one. */
  readonly fused?: MlpSizes;
  /** Names of the parameters that are measured while the others are trained: the statistics of a normalization. */
  readonly statistics: readonly string[];
  /** Draws the initial parameters, in the notebooks' order. */
  initialise(generator: TorchGenerator): Parameters;
  /**
   * What training minimises, on one mini-batch.
   *
   * @param contexts int32 [batch, contextLength].
   * @param targets int32 [batch].
   * @param measured Is told the statistics as they are after this batch, if they change with it.
   */
  loss(weights: Weights, contexts: Tensor2D, targets: Tensor1D, measured?: (after: Weights) => void): Scalar;
  /**
   * Measures the statistics over some examples, if they are not to be those that training leaves.
   *
   * @returns The {@link statistics}, in place of those in `weights`.
   */
  calibrate?(weights: Weights, examples: Examples): Parameters;
}

/** A model of known sizes. */
export type Network = CountedNetwork | TrainedNetwork;

/**
 * A model of some kind, with the defaults for what is not given.
 *
 * @throws {z.ZodError} If a hyperparameter has a value that the architecture does not allow.
 */
export function buildNetwork<H extends Hyperparameters, N extends Network>(
  architecture: Architecture<H, N>,
  hyperparameters: Partial<H>,
  vocabularySize: number,
): N {
  return architecture.build(architecture.hyperparameters.parse(hyperparameters) as H, vocabularySize);
}
