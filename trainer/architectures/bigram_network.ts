import { add, logSoftmax, mean, mul, type Scalar, square, type Tensor2D } from "@tensorflow/tfjs";
import { z } from "zod";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { GraphBuilder } from "../onnx/graph.ts";
import { crossEntropy, embed } from "../operations.ts";

/**
 * The bigram model as a network: the last character as a one-hot row, times one weight matrix, gives the logits of the
 * next. Trained, exp(W) is what {@link bigram} counts; the penalty on W does what smoothing does there.
 *
 * Source: makemore's first part, its second half.
 */
export const bigramNetwork: Architecture<{ penalty: number }, TrainedNetwork> = {
  name: "bigram-network",
  summary: "the bigram model as one linear layer on one-hot rows",
  hyperparameters: z.object({
    penalty: z.number().min(0).max(1e6).default(0.01).describe(
      "times the mean square of the weights, added to the loss",
    ),
  }),

  build({ penalty }, V) {
    // A one-hot row times W is a row of W: looked up, not multiplied.
    return {
      learns: "by gradient descent",
      contextLength: 1,
      statistics: [],

      initialise: (generator) => ({ W: { shape: [V, V], values: generator.randn(V * V) } }),

      loss: ({ W }, contexts, targets) => {
        const nll = crossEntropy(embed(W as Tensor2D, contexts), targets);
        return add<Scalar>(nll, mul(mean(square(W)), penalty));
      },

      logProbs: ({ W }, contexts) => logSoftmax(embed(W as Tensor2D, contexts)), // (b, 1) -> (b, V)

      graph({ W }) {
        const graph = new GraphBuilder("bigram-network");
        const context = graph.input("context", "int64", ["batch", 1]);
        const logits = graph.reshape(graph.gather(graph.parameter("W", W), context), [-1, V]);
        graph.output("log_probs", graph.logSoftmax(logits), ["batch", V]);
        return graph;
      },
    };
  },
};
