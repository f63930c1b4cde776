import { add, reshape, type Tensor, tensor2d } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { causalMean } from "../attention.ts";
import type { StepPlan } from "../backends/fused/step_plan.ts";
import { addBias, embed, matMul, tanh } from "../operations.ts";
import { drawBias, drawEmbedding, drawLinear, drawLinearWeight } from "../initialisation.ts";
import { drawTiedEmbedding, outputWeight, tieOption } from "../weight_tying.ts";

/** The choices that make a bag of words, with makemore.py's defaults. */
export type BowHyperparameters = { embedding: number; hidden: number; positions: number; tie?: boolean };

/**
 * The bag of words: to the embeddings of each token and its position is added their mean over all tokens so far, and to the sum
 * the output of an MLP with one tanh layer; a linear layer gives the logits of the next character:
 *
 *     x = C(w) + P(position)
 *     x = x + mean(x so far),   x = x + b2 + W2 tanh(b1 + W1 x)
 *     y = b3 + W3 x
 *
 * The states are the sum and the number of the embeddings so far, so a step adds one embedding to the sum, however long
 * the thing is; a window would forget the beginning. Tokens past the last learnt position share its embedding.
 *
 * Source: `BoW` of makemore.py, with its sizes and initialisation.
 */
export const bow: Architecture<BowHyperparameters, TrainedNetwork> = {
  name: "bow",
  summary: "a bag of words: the mean of all embeddings so far, one tanh layer (makemore)",
  hyperparameters: z.object({
    embedding: z.int().min(1).max(1024).default(64).describe("numbers in the embedding of a character"),
    hidden: z.int().min(1).max(8192).default(64).describe("neurons of the tanh layer"),
    positions: z.int().min(1).max(1024).default(32).describe("positions that have an embedding of their own"),
    tie: tieOption,
  }),

  build({ embedding: m, hidden: h, positions: P, tie }, V) {
    // Shapes: b is the batch, t the time, m the embedding, h the hidden layer, V the vocabulary.
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: null,
      states: [
        { name: "sum", type: "float32", shape: ["batch", m] },
        { name: "count", type: "float32", shape: ["batch", 1] },
      ],
      buffers: [],
      dropsOut: true,

      logits({ C, P: positions, W1, b1, W2, b2, W3, b3 }, tokens, training) {
        const [b, t] = tokens.shape;
        const places = Int32Array.from({ length: b * t }, (_, i) => Math.min(i % t, P - 1));
        const position = embed(positions, tensor2d(places, [b, t], "int32")); // (b, t) -> (b, t * m)
        const embedded = reshape(add(embed(C, tokens), position), [b, t, m]); // (b, t, m)
        let x: Tensor = reshape(add(embedded, causalMean(embedded)), [b * t, m]); // (b * t, m)
        const hidden = tanh(addBias(matMul(x, W1), b1)); // (b * t, h)
        x = add(x, addBias(matMul(training?.dropout(hidden) ?? hidden, W2), b2)); // (b * t, m)
        return reshape(addBias(matMul(x, outputWeight(W3, C)), b3), [b, t, V]); // (b * t, V) -> (b, t, V)
      },

      initialise(generator) {
        const C = tie ? drawTiedEmbedding(generator, V, m) : drawEmbedding(generator, V, m);
        const positions = drawEmbedding(generator, P, m);
        const [first, second] = [drawLinear(generator, m, h), drawLinear(generator, h, m)];
        const W3 = tie ? undefined : drawLinearWeight(generator, m, V);
        return {
          C,
          P: positions,
          W1: first.weight,
          b1: first.bias,
          W2: second.weight,
          b2: second.bias,
          ...(W3 && { W3 }),
          b3: drawBias(generator, m, V),
        };
      },

      graph(graph, parameters, tokens, past) {
        const parameter = (name: string) => graph.parameter(name, parameters[name]);
        const zero = graph.integer(0);
        const [offsets] = graph.operator("Range", ["int64"], [
          zero,
          graph.length(tokens, 1),
          graph.integer(1),
        ]); // (t)
        const before = graph.operator("Cast", ["int64"], [past.count], { to: 7 })[0]; // (b, 1)
        const places = graph.add(before, offsets); // (b, t)
        const learnt = graph.operator("Min", ["int64"], [places, graph.constant([P - 1])])[0]; // (b, t)
        const C = parameter("C"); // (V, m)
        const embedded = graph.add(
          graph.gather(C, tokens),
          graph.gather(parameter("P"), learnt),
        ); // (b, t, m)
        const [sums] = graph.operator("CumSum", ["float32"], [embedded, graph.integer(1)]); // (b, t, m)
        const [pastSum] = graph.operator("Unsqueeze", ["float32"], [past.sum, graph.constant([1])]); // (b, 1, m)
        const all = graph.add(sums, pastSum); // (b, t, m)
        const [count] = graph.operator("Cast", ["float32"], [graph.add(places, graph.integer(1))], { to: 1 }); // (b, t)
        const [counts] = graph.operator("Unsqueeze", ["float32"], [count, graph.constant([2])]); // (b, t, 1)
        const [means] = graph.operator("Div", ["float32"], [all, counts]); // (b, t, m)
        const x = graph.add(embedded, means); // (b, t, m)
        const linear = (x: typeof means, W: typeof means, b: string) =>
          graph.add(graph.matMul(x, W), parameter(b));
        const hidden = graph.tanh(linear(x, parameter("W1"), "b1")); // (b, t, h)
        const y = graph.add(x, linear(hidden, parameter("W2"), "b2")); // (b, t, m)
        const last = graph.constant([-1]);
        const W3 = parameters.W3 ? parameter("W3") : graph.transpose(C, [1, 0]); // (m, V)
        return {
          logits: linear(y, W3, "b3"), // (b, t, V)
          present: {
            sum: graph.reshape(graph.operator("Gather", ["float32"], [all, last], { axis: 1 })[0], [-1, m]), // (b, m)
            count: graph.operator("Gather", ["float32"], [count, last], { axis: 1 })[0], // (b, 1)
          },
        };
      },

      // The fused embeddings of positions are whole blocks of numbers.
      ...(m % 8 === 0 && {
        planStep(plan: StepPlan) {
          const embedded = plan.positions(plan.lookUp(plan.table("C", [V, m])), "P", P); // (b, 1) -> (b, m)
          const x = plan.addCausalMean(embedded); // (b, m)
          const hidden = plan.tanh(plan.linear(x, h, { weight: "W1", bias: "b1" })); // (b, h)
          const y = plan.linear(plan.dropout(hidden), m, { weight: "W2", bias: "b2" }); // (b, m)
          const summed = plan.sum(x, y); // (b, m)
          return tie
            ? plan.tiedLinear(summed, { table: "C", bias: "b3" })
            : plan.linear(summed, V, { weight: "W3", bias: "b3" }); // (b, V)
        },
      }),
    };
  },
};
