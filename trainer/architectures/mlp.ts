import { add, div, logSoftmax, mul, sub, type Tensor1D, type Tensor2D, tensor2d } from "@tensorflow/tfjs";
import { z } from "zod";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { columnStatistics } from "../column_statistics.ts";
import { contextBatches, valuesOf } from "../evaluate.ts";
import { GraphBuilder, type Value } from "../onnx/graph.ts";
import {
  addBias,
  batchNormalize,
  type BatchStatistics,
  crossEntropy,
  embed,
  matMul,
  tanh,
} from "../operations.ts";
import { over, type Parameter, type Parameters, times, type Weights } from "../parameters.ts";

/** Gain that keeps the spread of a tanh layer's input (He et al. 2015, as PyTorch's `calculate_gain("tanh")`). */
const TANH_GAIN = 5 / 3;
/** Makes the first logits small, so that training begins at the loss of a uniform guess. */
const OUTPUT_SCALE = 0.01;
/** Breaks the hidden biases' symmetry without moving the tanh layer from where it is steep. */
const HIDDEN_BIAS_SCALE = 0.01;
/** How much of the running statistics is the newest batch's, as in the notebook. */
const RUNNING_SHARE = 0.001;

/** The choices that make an MLP. */
export type MlpHyperparameters = {
  context: number;
  embedding: number;
  hidden: number;
  init: "scaled" | "plain";
  norm: "none" | "running" | "calibrated";
  bias: boolean;
  direct: boolean;
};

/**
 * The neural probabilistic language model: each character of the context is looked up in a table of embeddings, the
 * embeddings side by side go through one tanh layer, and a linear layer gives the logits of the next character.
 *
 * Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", JMLR 3, 2003, equation (1): there
 * W1 is H, b1 is d, W2 is U, b2 is b, and W3, the direct connections, is W. Initialisation and batch normalization
 * as in makemore's third part.
 */
export const mlp: Architecture<MlpHyperparameters, TrainedNetwork> = {
  name: "mlp",
  summary: "embeddings, one tanh layer, softmax (Bengio 2003)",
  hyperparameters: z.object({
    context: z.int().min(1).max(64).default(3).describe("characters that the model sees"),
    embedding: z.int().min(1).max(1024).default(10).describe("numbers that stand for a character"),
    hidden: z.int().min(1).max(8192).default(200).describe("neurons of the tanh layer"),
    init: z.enum(["scaled", "plain"]).default("scaled").describe(
      "initial weights: scaled so that tanh is steep and the first guess uniform, or plain normal",
    ),
    norm: z.enum(["none", "running", "calibrated"]).default("none").describe(
      "batch normalization before tanh, used with running statistics or with those of the training set",
    ),
    bias: z.boolean().default(true).describe("bias of the tanh layer; batch normalization makes it needless"),
    direct: z.boolean().default(false).describe("connections from the embeddings straight to the output"),
  }),

  build({ context: n, embedding: m, hidden: h, init, norm, bias, direct }, V) {
    // Shapes: b is the batch, n the context, m the embedding, h the hidden layer, V the vocabulary.

    /** What goes into tanh, before any normalization. */
    const preActivations = ({ W1, b1 }: Weights, x: Tensor2D): Tensor2D => {
      const z = matMul(x, W1 as Tensor2D); // (b, n * m) -> (b, h)
      return b1 ? addBias(z, b1 as Tensor1D) : z;
    };

    const logits = (
      weights: Weights,
      contexts: Tensor2D,
      normalize: (z: Tensor2D) => Tensor2D,
    ): Tensor2D => {
      const { C, W2, b2, W3 } = weights;
      const x = embed(C as Tensor2D, contexts); // (b, n) -> (b, n * m)
      const hidden = tanh(normalize(preActivations(weights, x))); // (b, h)
      const y = addBias(matMul(hidden, W2 as Tensor2D), b2 as Tensor1D); // (b, V)
      return W3 ? add(y, matMul(x, W3 as Tensor2D)) : y;
    };

    return {
      learns: "by gradient descent",
      contextLength: n,
      fused: {
        embedding: m,
        hidden: h,
        bias,
        direct,
        normalized: norm !== "none",
        runningShare: norm === "running" ? RUNNING_SHARE : 0,
      },
      statistics: norm === "none" ? [] : ["mean", "std"],

      initialise(generator) {
        const draw = (shape: number[], scale: (values: Normal) => Normal): Parameter => ({
          shape,
          values: scale(generator.randn(shape.reduce((a, b) => a * b))),
        });
        const scaled = (
          scale: (values: Normal) => Normal,
        ) => (init === "scaled" ? scale : (values: Normal) => values);
        return {
          C: draw([V, m], (values) => values),
          W1: draw([n * m, h], scaled((values) => over(times(values, TANH_GAIN), Math.sqrt(n * m)))),
          ...(bias && { b1: draw([h], scaled((values) => times(values, HIDDEN_BIAS_SCALE))) }),
          W2: draw([h, V], scaled((values) => times(values, OUTPUT_SCALE))),
          b2: draw([V], scaled((values) => times(values, 0))),
          ...(direct && { W3: draw([n * m, V], scaled((values) => times(values, OUTPUT_SCALE))) }),
          ...(norm !== "none" && {
            gain: { shape: [h], values: new Float32Array(h).fill(1) },
            shift: { shape: [h], values: new Float32Array(h) },
            mean: { shape: [h], values: new Float32Array(h) },
            std: { shape: [h], values: new Float32Array(h) },
          }),
        };
      },

      loss(weights, contexts, targets, measured) {
        const { gain, shift, mean, std } = weights;
        const track = (batch: BatchStatistics) =>
          norm === "running" && measured?.({ mean: moved(mean, batch.mean), std: moved(std, batch.std) });
        const normalize = (z: Tensor2D) =>
          norm === "none" ? z : batchNormalize(z, gain as Tensor1D, shift as Tensor1D, track);
        return crossEntropy(logits(weights, contexts, normalize), targets);
      },

      logProbs(weights, contexts) {
        const { gain, shift, mean, std } = weights; // none where the layer is folded into W1 and b1
        const normalize = (
          z: Tensor2D,
        ) => (gain ? add<Tensor2D>(div(mul(gain, sub(z, mean)), std), shift) : z);
        return logSoftmax(logits(weights, contexts, normalize));
      },

      ...(norm === "calibrated" && {
        calibrate(weights, { contexts }) {
          const parts = contextBatches(contexts, n).map((some) =>
            valuesOf(() => {
              const x = embed(weights.C as Tensor2D, tensor2d(some, [some.length / n, n], "int32"));
              return preActivations(weights, x);
            })
          );
          const { mean, std } = columnStatistics(parts, h);
          return { mean: { shape: [h], values: mean }, std: { shape: [h], values: std } };
        },
      }),

      graph(parameters) {
        const { W1, b1, W2, b2, W3 } = foldNormalization(parameters);
        const graph = new GraphBuilder("mlp");
        const context = graph.input("context", "int64", ["batch", n]);
        const C = graph.parameter("C", parameters.C);
        // A context's embeddings side by side times W is a sum over its places: of row C[token] times the m rows of W
        // that belong to the place. These products are few, and depend on no input: a runtime makes them once.
        const places = graph.add(context, graph.constant(Array.from({ length: n }, (_, place) => place * V)));
        const linear = (name: string, W: Parameter): Value<"float32"> => {
          const size = W.shape[1];
          const products = graph.matMul(C, graph.reshape(graph.parameter(name, W), [n, m, size])); // (n, V, size)
          return graph.sum(graph.gather(graph.reshape(products, [n * V, size]), places), 1); // (b, size)
        };
        const hidden = graph.tanh(graph.add(linear("W1", W1), graph.parameter("b1", b1)));
        const y = graph.gemm(hidden, graph.parameter("W2", W2), graph.parameter("b2", b2));
        const logits = W3 ? graph.add(y, linear("W3", W3)) : y;
        graph.output("log_probs", graph.logSoftmax(logits), ["batch", V]);
        return graph;
      },
    };
  },
};

type Normal = Float32Array<ArrayBuffer>;

/** A running statistic after one more batch. */
function moved(running: Weights[string], batch: Tensor1D): Tensor1D {
  return add(mul(running, 1 - RUNNING_SHARE), mul(batch, RUNNING_SHARE));
}

/**
 * Folds batch normalization into the linear layer before it, exactly: gain (x W1 + b1 - mean) / std + shift is
 * x (W1 gain / std) + (b1 - mean) gain / std + shift. Computed in float64, rounded once.
 */
function foldNormalization({ b1, gain, shift, mean, std, ...others }: Parameters): Parameters {
  const size = others.W1.shape[1];
  const bias = b1 ?? { shape: [size], values: new Float32Array(size) };
  if (!gain) return { ...others, b1: bias };
  if (std.values.some((deviation) => !(deviation > 0))) {
    throw new Error(
      "Cannot fold batch normalization: its statistics have not been measured; train a step first",
    );
  }
  const factors = Float64Array.from(gain.values, (value, i) => value / std.values[i]);
  return {
    ...others,
    W1: { shape: others.W1.shape, values: others.W1.values.map((weight, i) => weight * factors[i % size]) },
    b1: {
      shape: [size],
      values: bias.values.map((value, i) => (value - mean.values[i]) * factors[i] + shift.values[i]),
    },
  };
}
