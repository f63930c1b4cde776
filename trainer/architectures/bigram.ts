import { gather, reshape, type Tensor2D } from "@tensorflow/tfjs";
import { z } from "zod";
import type { Architecture, CountedNetwork } from "../architecture.ts";
import { GraphBuilder } from "../onnx/graph.ts";

/**
 * The bigram model: how often each character follows each other one in the list, as a table of
 * log-probabilities.
 *
 * Source: makemore's first part; additive smoothing is Laplace's rule of succession.
 */
export const bigram: Architecture<{ smoothing: number }, CountedNetwork> = {
  name: "bigram",
  summary: "counts of which character follows which",
  hyperparameters: z.object({
    smoothing: z.number().min(0).max(1e6).default(1).describe("added to every count"),
  }),

  build({ smoothing }, V) {
    return {
      learns: "by counting",
      contextLength: 1,

      count({ contexts, targets, count }) {
        const counts = new Float64Array(V * V).fill(smoothing); // (V before, V after)
        for (let i = 0; i < count; i++) counts[contexts[i] * V + targets[i]]++;
        const logProbs = new Float32Array(V * V);
        for (let row = 0; row < V * V; row += V) {
          const total = counts.subarray(row, row + V).reduce((sum, count) => sum + count, 0);
          // Unsmoothed, a character that nothing followed says nothing of what follows: all is as likely.
          for (let i = row; i < row + V; i++) logProbs[i] = Math.log(total > 0 ? counts[i] / total : 1 / V);
        }
        return { log_probs_table: { shape: [V, V], values: logProbs } };
      },

      logProbs: ({ log_probs_table }, contexts) =>
        gather(log_probs_table as Tensor2D, reshape(contexts, [contexts.shape[0]])), // (b, 1) -> (b, V)

      graph({ log_probs_table }) {
        const graph = new GraphBuilder("bigram");
        const context = graph.input("context", "int64", ["batch", 1]);
        const rows = graph.gather(graph.parameter("log_probs_table", log_probs_table), context); // (b, 1, V)
        graph.output("log_probs", graph.reshape(rows, [-1, V]), ["batch", V]);
        return graph;
      },
    };
  },
};
