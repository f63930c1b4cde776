import { matMul as product, ones, reshape, slice, stack, type Tensor, type Tensor2D } from "@tensorflow/tfjs";
import { z } from "zod";
import type { Architecture, TrainedNetwork } from "../../../trainer/architecture.ts";
import { addBias, embed, matMul, tanh } from "../../../trainer/operations.ts";
import { type Parameter, scaleBy } from "../../../trainer/parameters.ts";

/**
 * A recurrent network: h_t = tanh(x_t Wx + h_t-1 Wh + b), where h_0 is learnt, and logits h_t W2 + b2. It stands for the
 * architectures that carry a state from token to token.
 *
 * Source: Mikolov et al., "Recurrent neural network based language model", Interspeech 2010; `RNN` of makemore.py.
 */
export const rnn: Architecture<{ embedding: number; hidden: number }, TrainedNetwork> = {
  name: "rnn",
  summary: "a recurrent network with one tanh layer",
  hyperparameters: z.object({
    embedding: z.int().min(1).default(8).describe("numbers in the embedding of a character"),
    hidden: z.int().min(1).default(64).describe("neurons of the recurrent layer"),
  }),

  build({ embedding: m, hidden: h }, V) {
    // Shapes: b is the batch, t the time, m the embedding, h the hidden layer, V the vocabulary.
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: null,
      states: [{ name: "hidden", type: "float32", shape: ["batch", h] }],
      buffers: [],

      logits({ C, start, Wx, Wh, bias, W2, b2 }, tokens) {
        const [b, t] = tokens.shape;
        let hidden: Tensor = product(ones([b, 1]), start as Tensor2D); // (1, h) -> (b, h)
        const steps: Tensor[] = [];
        for (let i = 0; i < t; i++) {
          const x = embed(C, slice(tokens, [0, i], [b, 1])); // (b, 1) -> (b, m)
          hidden = tanh(addBias(matMul(x, Wx).add(matMul(hidden, Wh)), bias)); // (b, h)
          steps.push(hidden);
        }
        const hiddens = reshape(stack(steps, 1), [b * t, h]); // (b, t, h) -> (b * t, h)
        return reshape(addBias(matMul(hiddens, W2), b2), [b, t, V]); // (b * t, V) -> (b, t, V)
      },

      initialise(generator) {
        const draw = (shape: number[], scale: number): Parameter => ({
          shape,
          values: scaleBy(generator.randn(shape.reduce((a, b) => a * b)), scale),
        });
        return {
          C: draw([V, m], 1),
          start: draw([1, h], 0.1),
          Wx: draw([m, h], m ** -0.5),
          Wh: draw([h, h], 0.5 * h ** -0.5),
          bias: draw([h], 0),
          W2: draw([h, V], 0.1 * h ** -0.5),
          b2: draw([V], 0),
        };
      },

      graph(graph, { C, start, Wx, Wh, bias, W2, b2 }, tokens, past) {
        const x = graph.gather(graph.parameter("C", C), tokens); // (b, t, m)
        const [xOfTime] = graph.operator("Transpose", ["float32"], [x], { perm: [1, 0, 2] }); // (t, b, m)
        // The boundary is read only as the first token: there the learnt start takes the place of the past.
        const [first] = graph.operator("Slice", ["int64"], [
          tokens,
          graph.constant([0]),
          graph.constant([1]),
          graph.constant([1]),
        ]); // (b, 1)
        const [isStart] = graph.operator("Equal", ["bool"], [first, graph.constant([0])]); // (b, 1)
        const [initial] = graph.operator("Where", ["float32"], [
          isStart,
          graph.parameter("start", start), // (1, h)
          past.hidden, // (b, h)
        ]); // (b, h)
        const transposed = (name: string, W: Parameter) => {
          const [WT] = graph.operator("Transpose", ["float32"], [graph.parameter(name, W)], { perm: [1, 0] });
          return graph.reshape(WT, [1, W.shape[1], W.shape[0]]); // (1, out, in)
        };
        const zeros = { shape: [h], values: new Float32Array(h) };
        const [biases] = graph.operator("Concat", ["float32"], [
          graph.parameter("bias", bias),
          graph.parameter("no_recurrent_bias", zeros),
        ], { axis: 0 }); // (2 * h)
        const [all, last] = graph.operator("RNN", ["float32", "float32"], [
          xOfTime,
          transposed("Wx", Wx),
          transposed("Wh", Wh),
          graph.reshape(biases, [1, 2 * h]),
          null,
          graph.operator("Unsqueeze", ["float32"], [initial, graph.constant([0])])[0], // (1, b, h)
        ], { hidden_size: h }); // (t, 1, b, h), (1, b, h)
        const [squeezed] = graph.operator("Squeeze", ["float32"], [all, graph.constant([1])]); // (t, b, h)
        const [hiddens] = graph.operator("Transpose", ["float32"], [squeezed], { perm: [1, 0, 2] }); // (b, t, h)
        const y = graph.matMul(hiddens, graph.parameter("W2", W2)); // (b, t, V)
        return {
          logits: graph.add(y, graph.parameter("b2", b2)), // (b, t, V)
          present: { hidden: graph.operator("Squeeze", ["float32"], [last, graph.constant([0])])[0] }, // (b, h)
        };
      },
    };
  },
};
