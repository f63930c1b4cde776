import { add, div, mul, sub, type Tensor, tensor2d } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, TrainedNetwork, TrainingPass } from "../architecture.ts";
import { type ColumnPart, columnStatistics } from "../column_statistics.ts";
import { type Examples, occurrences } from "../examples.ts";
import { foldBatchNormalization, movingAverage } from "../batch_normalization.ts";
import type { Value } from "../onnx/graph.ts";
import { addBias, batchNormalize, embed, matMul, tanh } from "../operations.ts";
import {
  divideBy,
  type Parameter,
  type Parameters,
  readValues,
  scaleBy,
  type Weights,
} from "../parameters.ts";

/** Gain that keeps the spread of a tanh layer's input (He et al. 2015; PyTorch's `calculate_gain("tanh")`). */
const TANH_GAIN = 5 / 3;
/** Makes the first logits small, so that the first loss is that of a uniform guess. */
const OUTPUT_SCALE = 0.01;
/** Makes the hidden biases differ, and keeps the inputs of tanh where it is steep. */
const HIDDEN_BIAS_SCALE = 0.01;
/** How much of the running statistics becomes the mini-batch's in a step, as in the notebook. */
const MOMENTUM = 0.001;

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
 * The neural probabilistic language model: each character of the window is looked up in a table of embeddings, the
 * embeddings side by side go through one tanh layer, and a linear layer gives the logits of the next character:
 *
 *     y = b2 + W3 x + W2 tanh(b1 + W1 x), where x = (C(w_t-n), ..., C(w_t-1))
 *
 * Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", JMLR 3, 2003, equation (1). There
 * W1 is H, b1 is d, W2 is U, b2 is b, and W3, the direct connections, is W. Initialisation and batch normalization
 * as in makemore's third part.
 */
export const mlp: Architecture<MlpHyperparameters, TrainedNetwork> = {
  name: "mlp",
  summary: "embeddings, one tanh layer, softmax (Bengio 2003)",
  hyperparameters: z.object({
    context: z.int().min(1).max(64).default(3).describe("characters that the model sees"),
    embedding: z.int().min(1).max(1024).default(10).describe("numbers in the embedding of a character"),
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

    /** The input of tanh, before any normalization. */
    const hiddenInput = ({ W1, b1 }: Weights, x: Tensor): Tensor => {
      const z = matMul(x, W1); // (b, n * m) -> (b, h)
      return b1 ? addBias(z, b1) : z; // (b, h)
    };

    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: n,
      dropsOut: true,

      logits(weights, tokens, training) {
        const { C, W2, b2, W3 } = weights;
        const x = embed(C, tokens); // (b, n) -> (b, n * m)
        const z = normalize(weights, hiddenInput(weights, x), training); // (b, h)
        const hidden = tanh(z); // (b, h)
        const y = addBias(matMul(training?.dropout(hidden) ?? hidden, W2), b2); // (b, h) -> (b, V)
        return W3 ? add(y, matMul(x, W3)) : y; // (b, n * m) -> (b, V)
      },

      initialise(generator) {
        const draw = (shape: number[]): Parameter => ({
          shape,
          values: generator.randn(shape.reduce((a, b) => a * b)),
        });
        const drawScaled = (shape: number[], scale: (values: Values) => Values): Parameter => {
          const { values } = draw(shape);
          return { shape, values: init === "scaled" ? scale(values) : values };
        };
        const vector = (value: number): Parameter => ({
          shape: [h],
          values: new Float32Array(h).fill(value),
        });
        return {
          C: draw([V, m]),
          W1: drawScaled([n * m, h], (values) => divideBy(scaleBy(values, TANH_GAIN), Math.sqrt(n * m))),
          ...(bias && { b1: drawScaled([h], (values) => scaleBy(values, HIDDEN_BIAS_SCALE)) }),
          W2: drawScaled([h, V], (values) => scaleBy(values, OUTPUT_SCALE)),
          b2: drawScaled([V], (values) => scaleBy(values, 0)),
          ...(direct && { W3: drawScaled([n * m, V], (values) => scaleBy(values, OUTPUT_SCALE)) }),
          ...(norm !== "none" && { gain: vector(1), shift: vector(0), mean: vector(0), std: vector(0) }), // (h)
        };
      },

      buffers: norm === "none" ? [] : ["mean", "std"],

      ...(norm === "calibrated" && {
        measureBuffers(weights, train) {
          const { mean, std } = columnStatistics(hiddenInputs(weights, train), h);
          return { mean: { shape: [h], values: mean }, std: { shape: [h], values: std } };
        },
      }),

      graph(graph, parameters, tokens) {
        const { W1, b1, W2, b2, W3 } = foldNormalization(parameters);
        const C = graph.parameter("C", parameters.C); // (V, m)
        // x W is a sum over the n places of the window: at each, the row of C for its token times the place's m rows of
        // W. These n * V products depend on no input, so a runtime computes them once, and then looks them up.
        const places = graph.add(tokens, graph.constant(Array.from({ length: n }, (_, place) => place * V))); // (b, n)
        const timesEmbeddings = (name: string, W: Parameter): Value<"float32"> => {
          const columns = W.shape[1];
          const rowsOfPlaces = graph.reshape(graph.parameter(name, W), [n, m, columns]); // (n, m, columns)
          const products = graph.reshape(graph.matMul(C, rowsOfPlaces), [n * V, columns]); // (n * V, columns)
          const terms = graph.gather(products, places); // (b, n, columns)
          return sumsAlike(n, columns)
            ? graph.sum(terms, 1) // (b, columns)
            : graph.reshape(graph.sumOf(graph.split(terms, n, 1)), [-1, columns]); // (b, columns)
        };
        const hidden = graph.tanh(graph.add(timesEmbeddings("W1", W1), graph.parameter("b1", b1))); // (b, h)
        const y = graph.gemm(hidden, graph.parameter("W2", W2), graph.parameter("b2", b2)); // (b, V)
        return { logits: W3 ? graph.add(y, timesEmbeddings("W3", W3)) : y }; // (b, V)
      },

      planStep(plan) {
        const x = plan.embedding("C", [V, m], n); // (b, n) -> (b, n * m)
        const z = plan.linear(x, h, { weight: "W1", bias: bias ? "b1" : undefined }); // (b, h)
        const names = { gain: "gain", shift: "shift", mean: "mean", std: "std" };
        const normalized = norm === "none"
          ? z
          : plan.batchNormalization(z, names, norm === "running" ? MOMENTUM : 0); // (b, h)
        const hidden = plan.tanh(normalized); // (b, h)
        const y = plan.linear(plan.dropout(hidden), V, { weight: "W2", bias: "b2" }); // (b, V)
        return direct ? plan.linear(x, V, { weight: "W3", plus: y }) : y; // (b, V)
      },
    };

    /**
     * Batch normalization of the input of tanh, (b, h): in training with the mini-batch's own statistics, otherwise
     * with the buffers. Weights that were folded for export have no gain.
     */
    function normalize(
      { gain, shift, mean, std }: Weights,
      z: Tensor,
      training: TrainingPass | undefined,
    ): Tensor {
      if (!gain) return z;
      if (!training) return add(div(mul(gain, sub(z, mean)), std), shift);
      return batchNormalize(z, gain, shift, (batch) => {
        if (norm !== "running") return;
        training.setBuffers({
          mean: movingAverage(mean, batch.mean, MOMENTUM),
          std: movingAverage(std, batch.std, MOMENTUM),
        });
      });
    }

    /** The inputs of tanh for all examples, before any normalization, in parts [rows, h]; each window is in one once. */
    function* hiddenInputs(weights: Weights, examples: Examples): Generator<ColumnPart> {
      for (const { tokens, count, rows } of examples.evaluationBatches()) {
        const x = () => embed(weights.C, tensor2d(tokens, [count, n], "int32")); // (rows, n * m)
        yield { values: readValues(() => hiddenInput(weights, x())), counts: occurrences(rows, count) };
      }
    }
  },
};

type Values = Parameter["values"];

/**
 * Whether `ReduceSum` adds n terms in the same order in every batch. ONNX Runtime Web 1.30 adds the columns in groups of
 * four; those that are left, it adds in another order in a batch of one row if they have more than four terms.
 */
function sumsAlike(n: number, columns: number): boolean {
  return n <= 4 || columns % 4 === 0;
}

/** Folds batch normalization, if there is any, into the tanh layer, which then has a bias in any case. */
function foldNormalization({ b1, gain, shift, mean, std, ...others }: Parameters): Parameters {
  const h = others.W1.shape[1];
  if (!gain) return { ...others, b1: b1 ?? { shape: [h], values: new Float32Array(h) } };
  const { weight, bias } = foldBatchNormalization(others.W1, b1, { gain, shift, mean, std });
  return { ...others, W1: weight, b1: bias };
}
