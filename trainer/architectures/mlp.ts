import { logSoftmax, tanh, type Tensor1D, type Tensor2D } from "@tensorflow/tfjs";
import { z } from "zod";
import type { Architecture } from "../architecture.ts";
import { GraphBuilder } from "../onnx/graph.ts";
import { addBias, crossEntropy, embed, matMul } from "../operations.ts";
import { over, times, type Weights } from "../parameters.ts";

/**
 * Gain that keeps the spread of a tanh layer's input (He et al. 2015, as PyTorch's `calculate_gain("tanh")`).
 */
const TANH_GAIN = 5 / 3;
/** Makes the first logits small, so that training begins at the loss of a uniform guess. */
const OUTPUT_SCALE = 0.01;
/** Breaks the hidden biases' symmetry without moving the tanh layer from where it is steep. */
const HIDDEN_BIAS_SCALE = 0.01;

/**
 * The neural probabilistic language model: each character of the context is looked up in a table of
 * embeddings, the embeddings side by side go through one tanh layer, and a linear layer gives the logits of
 * the next.
 *
 * Source: Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", JMLR 3, 2003,
 * equation (1) without the direct connections; the initialisation as in makemore's third part.
 */
export const mlp: Architecture<{ context: number; embedding: number; hidden: number }> = {
  name: "mlp",
  summary: "embeddings, one tanh layer, softmax (Bengio 2003)",
  hyperparameters: z.object({
    context: z.int().min(1).max(64).default(3).describe("characters that the model sees"),
    embedding: z.int().min(1).max(1024).default(10).describe("numbers that stand for a character"),
    hidden: z.int().min(1).max(8192).default(200).describe("neurons of the tanh layer"),
  }),

  build({ context: n, embedding: m, hidden: h }, V) {
    // Shapes: b is the batch, n the context, m the embedding, h the hidden layer, V the vocabulary.
    const logits = ({ C, W1, b1, W2, b2 }: Weights, contexts: Tensor2D): Tensor2D => {
      const x = embed(C as Tensor2D, contexts); // (b, n) -> (b, n * m)
      const hidden = tanh(addBias(matMul(x, W1 as Tensor2D), b1 as Tensor1D)); // (b, h)
      return addBias(matMul(hidden, W2 as Tensor2D), b2 as Tensor1D); // (b, V)
    };

    return {
      learns: "by gradient descent",
      contextLength: n,

      initialise: (generator) => ({
        C: { shape: [V, m], values: generator.randn(V * m) },
        W1: {
          shape: [n * m, h],
          values: over(times(generator.randn(n * m * h), TANH_GAIN), Math.sqrt(n * m)),
        },
        b1: { shape: [h], values: times(generator.randn(h), HIDDEN_BIAS_SCALE) },
        W2: { shape: [h, V], values: times(generator.randn(h * V), OUTPUT_SCALE) },
        b2: { shape: [V], values: times(generator.randn(V), 0) },
      }),

      loss: (weights, contexts, targets) => crossEntropy(logits(weights, contexts), targets),

      logProbs: (weights, contexts) => logSoftmax(logits(weights, contexts)),

      graph({ C, W1, b1, W2, b2 }) {
        const graph = new GraphBuilder("mlp");
        const context = graph.input("context", "int64", ["batch", n]);
        const embedded = graph.gather(graph.parameter("C", C), context); // (b, n, m)
        const x = graph.reshape(embedded, [-1, n * m]);
        const hidden = graph.tanh(graph.gemm(x, graph.parameter("W1", W1), graph.parameter("b1", b1)));
        const logits = graph.gemm(hidden, graph.parameter("W2", W2), graph.parameter("b2", b2));
        graph.output("log_probs", graph.logSoftmax(logits), ["batch", V]);
        return graph;
      },
    };
  },
};
