import { reshape } from "@tensorflow/tfjs";
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
 * The recurrent neural network language model: the hidden layer sees the character and itself one character before, and
 * a linear layer gives the logits of the next character:
 *
 *     h_t = tanh(W x_t + U h_t-1 + b), where x_t = C(w_t)
 *     y_t = Wy h_t + by
 *
 * Source: Mikolov, Karafiát, Burget, Černocký and Khudanpur, "Recurrent neural network based language model", Interspeech
 * 2010, with tanh and the learnt h_0 of `RNN` in makemore.py, whose initialisation this is.
 */
export const rnn: Architecture<RecurrentHyperparameters, TrainedNetwork> = {
  name: "rnn",
  summary: "recurrent network with one tanh layer (Mikolov 2010)",
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
          return [tanh(gate(weights, "", x, hidden))]; // (b, h)
        }, training); // (b * t, h)
        const y = addBias(matMul(hiddens, outputWeight(Wy, C)), by); // (b * t, h) -> (b * t, V)
        return reshape(y, [...tokens.shape, V]); // (b, t, V)
      },

      initialise(generator) {
        const start = { shape: [h], values: new Float32Array(h) }; // (h)
        return { start, ...drawRecurrent(generator, [""], hyperparameters, V) };
      },

      graph: (graph, parameters, tokens, past) =>
        recurrentGraph(graph, parameters, tokens, past, {
          operator: "RNN",
          gates: [""],
          start: { hidden: "start" },
        }),

      planStep(plan) {
        const inputs = planInputs(plan, [""], hyperparameters, V); // (b, h)
        const hidden = plan.rnn(inputs[""], "start", "U"); // (b, h)
        return planOutput(plan, hidden, hyperparameters, V); // (b, V)
      },
    };
  },
};
