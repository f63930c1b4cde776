import type { Scalar, Tensor, Tensor2D } from "@tensorflow/tfjs";
import type { z } from "zod";
import type { CardState } from "../shared/model_card.ts";
import type { TorchGenerator } from "../shared/random/torch.ts";
import type { Activation, StepPlan } from "./backends/fused/step_plan.ts";
import type { Examples } from "./examples.ts";
import type { GraphBuilder, Value } from "./onnx/graph.ts";
import type { Parameters, Weights } from "./parameters.ts";

/** The choices that are made before training, as the model's card lists them; it does not list undefined ones. */
export type Hyperparameters = Record<string, number | string | boolean | undefined>;

/**
 * A kind of model. Each file of `architectures/` exports one, and `architectures/all.ts` lists them. The command line
 * takes its flags from the hyperparameters' schema.
 */
export interface Architecture<
  H extends Hyperparameters = Hyperparameters,
  N extends Network = Network,
> {
  /** Its name on the command line and on cards. */
  readonly name: string;
  /** A phrase that describes it. */
  readonly summary: string;
  /** Each key is a flag of the command line, and its description the flag's help. Optional ones are booleans. */
  readonly hyperparameters: z.ZodObject<{ [Key in keyof H]-?: z.ZodType<H[Key]> }>;
  /** Makes a network of given sizes. */
  build(hyperparameters: H, vocabularySize: number): N;
}

/** A network of known sizes, without its parameters. */
export type Network = CountedNetwork | TrainedNetwork;

interface Sizes {
  readonly vocabularySize: number;
  /**
   * How many tokens back the network sees: it is given windows of so many tokens, and predicts the token after each. Null
   * for a network that sees all tokens: it is given whole words, and predicts the token after each position.
   */
  readonly contextLength: number | null;
  /** What the exported model hands from one token to the next, if `contextLength` is null. */
  readonly states?: readonly CardState[];
  /**
   * Whether the exported model gives the same bits in a pass over several tokens as in steps, so that a server may use passes.
   * Only where every state grows. `tests/trainer/onnx/passes.test.ts` holds such a network to it.
   */
  readonly exactPasses?: boolean;
}

/** A network whose parameters are counted, not trained. */
export interface CountedNetwork extends Sizes {
  readonly learns: "by counting";
  /** Computes the parameters. */
  count(examples: Examples): Parameters;
  /**
   * Looks up the log-probabilities after windows, without TensorFlow.js.
   *
   * @param tokens [batch, contextLength], row-major.
   * @returns [batch, V], row-major.
   */
  lookUp(parameters: Parameters, tokens: Int32Array): Float32Array;
  /**
   * The forward pass.
   *
   * @param tokens int32 [batch, time]
   * @returns Log-probabilities: float32 [batch, V] after windows, [batch, time, V] after whole words.
   */
  logProbs(weights: Weights, tokens: Tensor2D): Tensor;
  /**
   * Writes the forward pass as ONNX operators.
   *
   * @param tokens int64 [batch, contextLength]
   * @returns Log-probabilities, float32 [batch, V].
   */
  graph(graph: GraphBuilder, parameters: Parameters, tokens: Value<"int64">): Value<"float32">;
}

/** A network whose parameters are trained by gradient descent. */
export interface TrainedNetwork extends Sizes {
  readonly learns: "by gradient descent";
  /** Names of the parameters that are not trained but measured: the statistics of a normalization. */
  readonly buffers: readonly string[];
  /** It calls `dropout` of its {@link TrainingPass}. Default: it cannot be trained with dropout. */
  readonly dropsOut?: true;
  /** Draws the initial parameters, in the notebooks' order. */
  initialise(generator: TorchGenerator): Parameters;
  /**
   * The forward pass.
   *
   * @param tokens int32 [batch, time]
   * @param training Given in a training step, where normalization uses the mini-batch's own statistics.
   * @returns Logits: float32 [batch, V] after windows, [batch, time, V] after whole words.
   */
  logits(weights: Weights, tokens: Tensor2D, training?: TrainingPass): Tensor;
  /** A penalty on the weights, which is added to the cross-entropy. Default: none. */
  penalty?(weights: Weights): Scalar;
  /**
   * Measures the buffers over the training split, if training does not leave them as they are used.
   *
   * @returns The {@link buffers}, in place of those in `weights`.
   */
  measureBuffers?(weights: Weights, train: Examples): Parameters;
  /**
   * Writes the forward pass as ONNX operators.
   *
   * @param tokens int64 [batch, contextLength], or [batch, time] if `contextLength` is null.
   * @param past The {@link states} before these tokens, by name; zeros before the first.
   */
  graph(
    graph: GraphBuilder,
    parameters: Parameters,
    tokens: Value<"int64">,
    past: Readonly<Record<string, Value<"float32">>>,
  ): NetworkGraph;
  /**
   * Writes the forward pass as layers that the backend `fused` can compute. Default: only TensorFlow.js trains it.
   *
   * @returns Logits, (b, V).
   */
  planStep?(plan: StepPlan): Activation;
}

/** What a forward pass is told in a training step. */
export interface TrainingPass {
  /** Takes some buffers as they are after this mini-batch. The tensors may be disposed of when it returns. */
  setBuffers(buffers: Weights): void;
  /** Whether {@link dropout} does anything. */
  readonly dropsOut: boolean;
  /**
   * Sets elements to zero at random and scales up the others by as much, or returns x itself if the run has no dropout.
   *
   * @param x [rows, columns], with a row for each window, or for each position of the words: [batch * time, columns].
   *
   * Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
   */
  dropout(x: Tensor): Tensor;
}

/** What a network's ONNX graph computes. */
export interface NetworkGraph {
  /** [batch, V] after windows, [batch, time, V] after whole words. */
  logits: Value<"float32">;
  /** The network's states after the last token, by name. Where one has an axis "past", the positions of these tokens. */
  present?: Readonly<Record<string, Value<"float32">>>;
}

/**
 * Makes a network, with the default of each hyperparameter that is not given.
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
