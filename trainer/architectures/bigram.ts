import { gather, reshape, type Tensor2D } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, CountedNetwork } from "../architecture.ts";

/**
 * The bigram model: a table of the log-probabilities of each character after each other one, from counts in the list.
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
      vocabularySize: V,
      contextLength: 1,

      count(examples) {
        const counts = new Float64Array(V * V).fill(smoothing); // (V before, V after)
        const { tokens, targets, count } = examples.all();
        for (let i = 0; i < count; i++) counts[tokens[i] * V + targets[i]]++;
        const logProbs = new Float32Array(V * V); // (V before, V after)
        for (let row = 0; row < V * V; row += V) {
          const total = counts.subarray(row, row + V).reduce((sum, count) => sum + count, 0);
          // Without smoothing, a character that nothing follows has no counts: its row is uniform.
          for (let i = row; i < row + V; i++) logProbs[i] = Math.log(total > 0 ? counts[i] / total : 1 / V);
        }
        return { log_probs_table: { shape: [V, V], values: logProbs } };
      },

      lookUp({ log_probs_table: { values } }, tokens) {
        const rows = new Float32Array(tokens.length * V); // (b, V)
        tokens.forEach((token, i) => rows.set(values.subarray(token * V, (token + 1) * V), i * V));
        return rows;
      },

      logProbs: ({ log_probs_table }, tokens) =>
        gather(log_probs_table as Tensor2D, reshape(tokens, [tokens.shape[0]])), // (b, 1) -> (b, V)

      graph(graph, { log_probs_table }, tokens) {
        const rows = graph.gather(graph.parameter("log_probs_table", log_probs_table), tokens); // (b, 1, V)
        return graph.reshape(rows, [-1, V]); // (b, V)
      },
    };
  },
};
