import { mean, mul, type Scalar, square } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { embed } from "../operations.ts";

/**
 * The bigram model as a network: the last character as a one-hot row, times one weight matrix, gives the logits of the
 * next. After training, exp(W) is proportional to the counts of {@link bigram}; the penalty on W acts as smoothing does.
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
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: 1,
      buffers: [],

      initialise: (generator) => ({ W: { shape: [V, V], values: generator.randn(V * V) } }),

      logits: ({ W }, tokens) => embed(W, tokens), // (b, 1) -> (b, V): a one-hot row times W is a row of W

      penalty: ({ W }) => mul<Scalar>(mean(square(W)), penalty),

      graph(graph, { W }, tokens) {
        const rows = graph.gather(graph.parameter("W", W), tokens); // (b, 1, V)
        return { logits: graph.reshape(rows, [-1, V]) }; // (b, V)
      },
    };
  },
};
