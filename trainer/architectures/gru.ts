import { add, mul, reshape, sigmoid, sub } from "@tensorflow/tfjs";
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
 * The gated recurrent unit: an update gate z chooses between the old hidden layer and a candidate c, which sees as much
 * of the old one as a reset gate r lets through:
 *
 *     z_t = sigmoid(Wz x_t + Uz h_t-1 + bz), where x_t = C(w_t)
 *     r_t = sigmoid(Wr x_t + Ur h_t-1 + br)
 *     c_t = tanh(Wc x_t + Uc (r_t * h_t-1) + bc)
 *     h_t = (1 - z_t) * h_t-1 + z_t * c_t
 *     y_t = Wy h_t + by
 *
 * Source: Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, with z as in Chung et al.,
 * "Empirical evaluation of gated recurrent neural networks on sequence modeling", 2014, and the learnt h_0 of
 * makemore.py, whose `GRUCell` and initialisation this is.
 */
export const gru: Architecture<RecurrentHyperparameters, TrainedNetwork> = {
  name: "gru",
  summary: "gated recurrent unit (Cho 2014)",
  hyperparameters: recurrentHyperparameters,

  build(hyperparameters, V) {
    const { embedding: m, hidden: h, tie } = hyperparameters;
    if (tie) requireTiedSizes(m, h);
    // Shapes: b is the batch, t the time, m the embedding, h the hidden layer, V the vocabulary.
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: null,
      states: [{ name: "hidden", type: "float32", shape: ["batch", h] }],
      buffers: [],
      dropsOut: true,

      logits(weights, tokens, training) {
        const { start, C, Wy, by } = weights;
        const hiddens = alongTime(weights, tokens, [start], (x, [hidden]) => {
          const z = sigmoid(gate(weights, "z", x, hidden)); // (b, h)
          const r = sigmoid(gate(weights, "r", x, hidden)); // (b, h)
          const c = tanh(gate(weights, "c", x, mul(r, hidden))); // (b, h)
          return [add(hidden, mul(z, sub(c, hidden)))]; // (b, h)
        }, training); // (b * t, h)
        const y = addBias(matMul(hiddens, outputWeight(Wy, C)), by); // (b * t, h) -> (b * t, V)
        return reshape(y, [...tokens.shape, V]); // (b, t, V)
      },

      initialise(generator) {
        const start = { shape: [h], values: new Float32Array(h) }; // (h)
        return { start, ...drawRecurrent(generator, ["z", "r", "c"], hyperparameters, V) };
      },

      // ONNX has z and 1 - z the other way round.
      graph: (graph, parameters, tokens, past) =>
        recurrentGraph(graph, parameters, tokens, past, {
          operator: "GRU",
          gates: ["z", "r", "c"],
          complements: ["z"],
          start: { hidden: "start" },
        }),

      planStep(plan) {
        const inputs = planInputs(plan, ["z", "r", "c"], hyperparameters, V); // (b, h) each
        const hidden = plan.gru(inputs, "start", { z: "Uz", r: "Ur", c: "Uc" }); // (b, h)
        return planOutput(plan, hidden, hyperparameters, V); // (b, V)
      },
    };
  },
};
