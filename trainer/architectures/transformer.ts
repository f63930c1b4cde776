import { add, reshape, type Tensor, tensor2d } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, TrainedNetwork } from "../architecture.ts";
import { causalAttention } from "../attention.ts";
import type { Activation, StepPlan } from "../backends/fused/step_plan.ts";
import { CausalAttention, passesAreExact } from "../onnx/attention.ts";
import type { GraphBuilder, Value } from "../onnx/graph.ts";
import { addBias, embed, GELU, gelu, layerNormalize, matMul } from "../operations.ts";
import type { Parameter, Parameters } from "../parameters.ts";
import { drawEmbedding, drawLinear, drawLinearWeight } from "../initialisation.ts";
import { drawTiedEmbedding, outputWeight, tieOption } from "../weight_tying.ts";

/** The hidden layer of a block's MLP is so many times as wide as the embedding. */
const EXPANSION = 4;

/** The choices that make a Transformer. */
export type TransformerHyperparameters = {
  layers: number;
  heads: number;
  embedding: number;
  positions: number;
  tie?: boolean;
};

/**
 * The Transformer decoder, in GPT-2's form: embeddings of token and position are added; then each block adds causal
 * attention to all positions so far, and an MLP, both of the normalized input; a last normalization and a linear layer
 * give the logits of the next character:
 *
 *     x = C(w) + P(position)
 *     x = x + attention(norm(x)) Wo,   x = x + gelu(norm(x) W1) W2   in each block
 *     y = norm(x) W3
 *
 * Tokens past the last learnt position share its embedding, so things of any length can be trained on and served. With
 * a table for every length that a server allows, most rows would never be trained.
 *
 * Dropout sets elements of the sum of the embeddings and of what each residual connection adds to zero, as in nanoGPT, but
 * none of the attention's weights.
 *
 * Source: Vaswani et al., "Attention is all you need", NeurIPS 2017; Radford et al., "Language models are unsupervised
 * multitask learners", 2019; `Transformer` of makemore.py, with its sizes and initialisation.
 */
export const transformer: Architecture<TransformerHyperparameters, TrainedNetwork> = {
  name: "transformer",
  summary: "causal attention to all characters before (Vaswani 2017, in GPT-2's form)",
  hyperparameters: z.object({
    layers: z.int().min(1).max(64).default(4).describe("blocks of attention and MLP"),
    heads: z.int().min(1).max(64).default(4).describe(
      "attention heads of a block; they divide the embedding",
    ),
    embedding: z.int().min(1).max(1024).default(64).describe("numbers in the embedding of a character"),
    positions: z.int().min(1).max(1024).default(32).describe("positions that have an embedding of their own"),
    tie: tieOption,
  }),

  build({ layers, heads, embedding: m, positions: P, tie }, V) {
    if (m % heads !== 0) {
      throw new RangeError(
        `Cannot split an embedding of ${m} numbers among ${heads} heads: it is not divisible`,
      );
    }
    const headSize = m / heads;
    const blocks = Array.from({ length: layers }, (_, layer) => layer);
    // Shapes: b is the batch, t the time, p the positions before, m the embedding, H the heads, d the size of a head,
    // V the vocabulary.
    return {
      learns: "by gradient descent",
      vocabularySize: V,
      contextLength: null,
      states: blocks.flatMap((layer) =>
        ["key", "value"].map((kind) => ({
          name: `${layer}.${kind}`,
          type: "float32" as const,
          shape: ["batch", heads, "past", headSize] as ["batch", number, "past", number],
        }))
      ),
      exactPasses: passesAreExact(headSize),
      buffers: [],
      dropsOut: true,

      logits(weights, tokens, training) {
        const [b, t] = tokens.shape;
        const linear = (x: Tensor, name: string) =>
          addBias(matMul(x, weights[`${name}.weight`]), weights[`${name}.bias`]);
        const norm = (x: Tensor, name: string) =>
          layerNormalize(x, weights[`${name}.gain`], weights[`${name}.shift`]);

        const places = Int32Array.from({ length: b * t }, (_, i) => Math.min(i % t, P - 1));
        const [token, position] = [
          embed(weights.C, tokens),
          embed(weights.P, tensor2d(places, [b, t], "int32")),
        ];
        const dropout = (x: Tensor) => training?.dropout(x) ?? x;
        let x = dropout(reshape(add(token, position), [b * t, m])); // (b, t * m) -> (b * t, m)
        for (const layer of blocks) {
          const qkv = linear(norm(x, `${layer}.norm1`), `${layer}.qkv`); // (b * t, 3 * m)
          const y = causalAttention(qkv, b, heads); // (b * t, m)
          x = add(x, dropout(linear(y, `${layer}.out`))); // (b * t, m)
          const hidden = gelu(linear(norm(x, `${layer}.norm2`), `${layer}.expand`)); // (b * t, 4 * m)
          x = add(x, dropout(linear(hidden, `${layer}.contract`))); // (b * t, m)
        }
        return reshape(matMul(norm(x, "norm"), outputWeight(weights.W, weights.C)), [b, t, V]); // (b * t, m) -> (b, t, V)
      },

      initialise(generator) {
        const parameters: Parameters = {
          C: tie ? drawTiedEmbedding(generator, V, m) : drawEmbedding(generator, V, m),
          P: tie ? drawTiedEmbedding(generator, P, m) : drawEmbedding(generator, P, m),
        };
        const vector = (value: number) => ({ shape: [m], values: new Float32Array(m).fill(value) });
        const normalization = () => ({ gain: vector(1), shift: vector(0) });
        const put = (name: string, layer: Record<string, Parameter>) => {
          for (const [part, parameter] of Object.entries(layer)) parameters[`${name}.${part}`] = parameter;
        };
        for (const layer of blocks) {
          put(`${layer}.norm1`, normalization());
          put(`${layer}.qkv`, drawLinear(generator, m, 3 * m));
          put(`${layer}.out`, drawLinear(generator, m, m));
          put(`${layer}.norm2`, normalization());
          put(`${layer}.expand`, drawLinear(generator, m, EXPANSION * m));
          put(`${layer}.contract`, drawLinear(generator, EXPANSION * m, m));
        }
        put("norm", normalization());
        return { ...parameters, ...(!tie && { W: drawLinearWeight(generator, m, V) }) };
      },

      graph(graph, parameters, tokens, past) {
        const parameter = (name: string) => graph.parameter(name, parameters[name]);
        const linear = (x: Value<"float32">, name: string) =>
          graph.gemm(x, parameter(`${name}.weight`), parameter(`${name}.bias`));
        const norm = (x: Value<"float32">, name: string) =>
          graph.layerNormalization(x, parameter(`${name}.gain`), parameter(`${name}.shift`));
        const attention = new CausalAttention(graph, tokens, past["0.key"], heads, headSize);
        const present: Record<string, Value<"float32">> = {};

        const [places] = graph.operator("Min", ["int64"], [attention.positions, graph.constant([P - 1])]); // (t)
        const position = graph.gather(parameter("P"), places); // (t, m)
        const C = parameter("C"); // (V, m)
        const embedded = graph.add(graph.gather(C, tokens), position); // (b, t, m)
        let x = graph.reshape(embedded, [-1, m]); // (b * t, m)
        for (const layer of blocks) {
          const qkv = linear(norm(x, `${layer}.norm1`), `${layer}.qkv`); // (b * t, 3 * m)
          const { y, key, value } = attention.attend(qkv, {
            key: past[`${layer}.key`],
            value: past[`${layer}.value`],
          }); // (b * t, m), (b, H, t, d), (b, H, t, d)
          present[`${layer}.key`] = key;
          present[`${layer}.value`] = value;
          x = graph.add(x, linear(y, `${layer}.out`)); // (b * t, m)
          const hidden = linear(norm(x, `${layer}.norm2`), `${layer}.expand`); // (b * t, 4 * m)
          x = graph.add(x, linear(geluOf(graph, hidden), `${layer}.contract`)); // (b * t, m)
        }
        const W = tie ? graph.transpose(C, [1, 0]) : parameter("W"); // (m, V)
        const logits = graph.matMul(norm(x, "norm"), W); // (b * t, V)
        return { logits: attention.byToken(logits, [V]), present }; // (b, t, V)
      },

      // The fused layers work on whole vectors of numbers.
      ...(m % 8 === 0 && headSize % 4 === 0 && {
        planStep(plan: StepPlan) {
          const norm = (x: Activation, name: string) =>
            plan.layerNormalization(x, { gain: `${name}.gain`, shift: `${name}.shift` });
          const named = (name: string) => ({ weight: `${name}.weight`, bias: `${name}.bias` });

          let x = plan.dropout(plan.positions(plan.lookUp(plan.table("C", [V, m])), "P", P)); // (b, 1) -> (b, m)
          for (const layer of blocks) {
            const qkv = plan.linear(norm(x, `${layer}.norm1`), 3 * m, named(`${layer}.qkv`)); // (b, 3 * m)
            x = plan.residual(x, plan.attention(qkv, heads), named(`${layer}.out`)); // (b, m)
            const expanded = plan.linear(norm(x, `${layer}.norm2`), EXPANSION * m, named(`${layer}.expand`));
            x = plan.residual(x, plan.gelu(expanded), named(`${layer}.contract`)); // (b, 4 * m) -> (b, m)
          }
          const normalized = norm(x, "norm"); // (b, m)
          return tie
            ? plan.tiedLinear(normalized, { table: "C" })
            : plan.linear(normalized, V, { weight: "W" }); // (b, V)
        },
      }),
    };
  },
};

/** The ONNX operators of `gelu` (operations.ts): x sigmoid(x (GELU[0] + GELU[1] x^2)). */
function geluOf(graph: GraphBuilder, x: Value<"float32">): Value<"float32"> {
  const slope = graph.add(graph.mul(graph.mul(x, x), graph.number(GELU[1])), graph.number(GELU[0]));
  return graph.mul(x, graph.sigmoid(graph.mul(x, slope)));
}
