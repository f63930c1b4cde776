import { add, mul, reshape, sigmoid } from "@tensorflow/tfjs";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { addBias, matMul, tanh } from "../operations.ts";
import {
  alongTime,
  drawRecurrent,
  gate,
  planInputs,
  planOutput,
  recurrentGraph,
  type RecurrentHyperparameters,
  recurrentHyperparameters,
} from "./recurrent.ts";
import { outputWeight, requireTiedSizes } from "../weight_tying.ts";

/**
 * Long short-term memory: a cell s keeps what a forget gate f leaves of it, takes in as much of a candidate c as an input
 * gate i lets through, and shows as much as an output gate o lets out:
 *
 *     i_t = sigmoid(Wi x_t + Ui h_t-1 + bi), where x_t = C(w_t); f_t and o_t likewise
 *     c_t = tanh(Wc x_t + Uc h_t-1 + bc)
 *     s_t = f_t * s_t-1 + i_t * c_t
 *     h_t = o_t * tanh(s_t)
 *     y_t = Wy h_t + by
 *
 * Source: Hochreiter and Schmidhuber, "Long short-term memory", Neural Computation 9, 1997, with the forget gate of Gers,
 * Schmidhuber and Cummins, "Learning to forget", Neural Computation 12, 2000. Initialised like makemore.py's `GRUCell`.
 */
export const lstm: Architecture<RecurrentHyperparameters, TrainedNetwork> = {
  name: "lstm",
  summary: "long short-term memory (Hochreiter 1997)",
  hyperparameters: recurrentHyperparameters,

  build(hyperparameters, V) {
    const { embedding: m, hidden: h, tie } = hyperparameters;
    if (tie) requireTiedSizes(m, h);
    // Shapes: b is the batch, t the time, m the embedding, h the hidden layer, V the vocabulary.
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: null,
      states: [
        { name: "hidden", type: "float32", shape: ["batch", h] },
        { name: "cell", type: "float32", shape: ["batch", h] },
      ],
      buffers: [],
      dropsOut: true,

      logits(weights, tokens, training) {
        const { start, startCell, C, Wy, by } = weights;
        const hiddens = alongTime(weights, tokens, [start, startCell], (x, [hidden, cell]) => {
          const i = sigmoid(gate(weights, "i", x, hidden)); // (b, h)
          const f = sigmoid(gate(weights, "f", x, hidden)); // (b, h)
          const o = sigmoid(gate(weights, "o", x, hidden)); // (b, h)
          const c = tanh(gate(weights, "c", x, hidden)); // (b, h)
          const s = add(mul(f, cell), mul(i, c)); // (b, h)
          return [mul(o, tanh(s)), s]; // (b, h), (b, h)
        }, training); // (b * t, h)
        const y = addBias(matMul(hiddens, outputWeight(Wy, C)), by); // (b * t, h) -> (b * t, V)
        return reshape(y, [...tokens.shape, V]); // (b, t, V)
      },

      initialise(generator) {
        const start = { shape: [h], values: new Float32Array(h) }; // (h)
        const startCell = { shape: [h], values: new Float32Array(h) }; // (h)
        return { start, startCell, ...drawRecurrent(generator, ["i", "f", "o", "c"], hyperparameters, V) };
      },

      graph: (graph, parameters, tokens, past) =>
        recurrentGraph(graph, parameters, tokens, past, {
          operator: "LSTM",
          gates: ["i", "o", "f", "c"],
          start: { hidden: "start", cell: "startCell" },
        }),

      planStep(plan) {
        const inputs = planInputs(plan, ["i", "f", "o", "c"], hyperparameters, V); // (b, h) each
        const start = { hidden: "start", cell: "startCell" };
        const hidden = plan.lstm(inputs, start, { i: "Ui", f: "Uf", o: "Uo", c: "Uc" }); // (b, h)
        return planOutput(plan, hidden, hyperparameters, V); // (b, V)
      },
    };
  },
};
