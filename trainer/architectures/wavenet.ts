import { add, div, mul, relu, reshape, sigmoid, slice, sub, type Tensor } from "@tensorflow/tfjs";
import * as z from "zod";
import type { Architecture, TrainedNetwork, TrainingPass } from "../architecture.ts";
import { foldBatchNormalization, movingAverage, movingDeviation } from "../batch_normalization.ts";
import type { Value } from "../onnx/graph.ts";
import { addBias, batchNormalize, embed, matMul, tanh } from "../operations.ts";
import { divideBy, type Parameter, type Parameters, scaleBy, type Weights } from "../parameters.ts";
import { drawEmbedding, drawLinear } from "../initialisation.ts";

/** Makes the first logits small, so that the first loss is that of a uniform guess. */
const OUTPUT_SCALE = 0.1;
/** How much of the running statistics becomes the mini-batch's in a step: the default of `torch.nn.BatchNorm1d`. */
const MOMENTUM = 0.1;
/** Added to the variance in batch normalization, as by `torch.nn.BatchNorm1d`. */
const EPSILON = 1e-5;

/** The choices that make a WaveNet. */
export type WavenetHyperparameters = {
  layers: number;
  embedding: number;
  hidden: number;
  tree: boolean;
};

/**
 * WaveNet: causal convolutions of width two, each dilated twice as far as the one before, so that `layers` of them see
 * 2^layers tokens. For the token after such a window only one output of the last layer is needed, two of the layer
 * before, and so on: a binary tree, in which each layer takes its input in consecutive pairs.
 *
 * Each layer is a gated unit with a residual and a skip connection; [a, c] is a pair:
 *
 *     z = tanh([a, c] Wf + bf) * sigmoid([a, c] Wg + bg),   x = c + z Wr + br
 *     y = relu(relu(s) W1 + b1) W2 + b2, where s is the sum of z Ws + bs of each layer, at the window's end
 *
 * As a tree, each layer is x = tanh(norm([a, c] W)) with batch normalization over all pairs of a mini-batch, as
 * `torch.nn.BatchNorm1d` does it, and y = x W2 + b2.
 *
 * It has a window, not states: windows that are equal are computed once, whatever came before them.
 *
 * Source: van den Oord et al., "WaveNet: a generative model for raw audio", 2016, section 2; the tree is makemore's fifth
 * part.
 */
export const wavenet: Architecture<WavenetHyperparameters, TrainedNetwork> = {
  name: "wavenet",
  summary: "dilated causal convolutions (van den Oord 2016), or makemore's tree of them",
  hyperparameters: z.object({
    layers: z.int().min(1).max(8).default(3).describe("convolutions; the model sees 2^layers characters"),
    embedding: z.int().min(1).max(1024).default(24).describe("numbers in the embedding of a character"),
    hidden: z.int().min(1).max(4096).default(128).describe("channels of a convolution"),
    tree: z.boolean().default(false).describe(
      "a tree of tanh layers with batch normalization, without gates and residual and skip connections",
    ),
  }),

  build(hyperparameters, V) {
    return hyperparameters.tree ? treeNetwork(hyperparameters, V) : gatedNetwork(hyperparameters, V);
  },
};

// Shapes: b is the batch, T the window, n the pairs of a layer, m the embedding, h the channels, V the vocabulary. The rows
// of an example follow one another, so (b * 2 * n, m) and (b * n, 2 * m) are the same numbers.

function gatedNetwork(
  { layers: L, embedding: m, hidden: h }: WavenetHyperparameters,
  V: number,
): TrainedNetwork {
  const T = 2 ** L;
  const layers = Array.from({ length: L }, (_, layer) => ({ layer, n: T / 2 ** (layer + 1) }));
  return {
    learns: "by gradient descent",
    vocabularySize: V,
    contextLength: T,
    dropsOut: true,
    buffers: [],

    logits(weights, tokens, training) {
      const [b] = tokens.shape;
      const linear = (x: Tensor, name: string) =>
        addBias(matMul(x, weights[`${name}.weight`]), weights[`${name}.bias`]);
      let x: Tensor = reshape(embed(weights.C, tokens), [b * T, m]); // (b, T) -> (b * T, m)
      let skips: Tensor | undefined;
      for (const { layer, n } of layers) {
        const pair = reshape(x, [b * n, 2 * m]); // (b * n, 2 * m)
        const filter = tanh(linear(pair, `${layer}.filter`)); // (b * n, h)
        const gate = sigmoid(linear(pair, `${layer}.gate`)); // (b * n, h)
        const z = mul(filter, gate); // (b * n, h)
        const last = reshape(slice(reshape(z, [b, n, h]), [0, n - 1, 0], [b, 1, h]), [b, h]); // (b, h)
        const skip = linear(last, `${layer}.skip`); // (b, h)
        skips = skips ? add(skips, skip) : skip; // (b, h)
        if (n === 1) break; // nothing reads the last residual
        x = add(slice(pair, [0, m], [b * n, m]), linear(z, `${layer}.residual`)); // (b * n, m)
      }
      const hidden = relu(linear(relu(skips!), "hidden")); // (b, h)
      return linear(training?.dropout(hidden) ?? hidden, "output"); // (b, V)
    },

    initialise(generator) {
      const parameters: Parameters = { C: drawEmbedding(generator, V, m) };
      const put = (name: string, inputs: number, outputs: number) => {
        const { weight, bias } = drawLinear(generator, inputs, outputs);
        parameters[`${name}.weight`] = weight;
        parameters[`${name}.bias`] = bias;
      };
      for (const { layer, n } of layers) {
        put(`${layer}.filter`, 2 * m, h);
        put(`${layer}.gate`, 2 * m, h);
        put(`${layer}.skip`, h, h);
        if (n > 1) put(`${layer}.residual`, h, m);
      }
      put("hidden", h, h);
      put("output", h, V);
      return parameters;
    },

    graph(graph, parameters, tokens) {
      const parameter = (name: string) => graph.parameter(name, parameters[name]);
      const linear = (x: Value<"float32">, name: string) =>
        graph.add(graph.matMul(x, parameter(`${name}.weight`)), parameter(`${name}.bias`));
      let x = graph.gather(parameter("C"), tokens); // (b, T, m)
      let skips: Value<"float32"> | undefined;
      for (const { layer, n } of layers) {
        const pair = graph.reshape(x, [-1, n, 2 * m]); // (b, n, 2 * m)
        const filter = graph.tanh(linear(pair, `${layer}.filter`)); // (b, n, h)
        const gate = graph.sigmoid(linear(pair, `${layer}.gate`)); // (b, n, h)
        const z = graph.mul(filter, gate); // (b, n, h)
        const [last] = graph.operator("Slice", ["float32"], [
          z,
          graph.constant([n - 1]),
          graph.constant([n]),
          graph.constant([1]),
        ]); // (b, 1, h)
        const skip = linear(last, `${layer}.skip`); // (b, 1, h)
        skips = skips ? graph.add(skips, skip) : skip; // (b, 1, h)
        if (n > 1) x = graph.add(graph.split(pair, 2, 2)[1], linear(z, `${layer}.residual`)); // (b, n, m)
      }
      const hidden = graph.relu(linear(graph.relu(skips!), "hidden")); // (b, 1, h)
      return { logits: graph.reshape(linear(hidden, "output"), [-1, V]) }; // (b, V)
    },
  };
}

function treeNetwork(
  { layers: L, embedding: m, hidden: h }: WavenetHyperparameters,
  V: number,
): TrainedNetwork {
  const T = 2 ** L;
  const layers = Array.from({ length: L }, (_, layer) => ({
    layer,
    n: T / 2 ** (layer + 1),
    inputs: layer === 0 ? m : h,
  }));
  return {
    learns: "by gradient descent",
    vocabularySize: V,
    contextLength: T,
    dropsOut: true,
    buffers: layers.flatMap(({ layer }) => [`${layer}.mean`, `${layer}.std`]),

    logits(weights, tokens, training) {
      const [b] = tokens.shape;
      let x: Tensor = embed(weights.C, tokens); // (b, T) -> (b, T * m)
      for (const { layer, n, inputs } of layers) {
        const pair = reshape(x, [b * n, 2 * inputs]); // (b * n, 2 * inputs)
        const z = matMul(pair, weights[`${layer}.weight`]); // (b * n, h)
        x = tanh(normalize(z, layer, weights, training)); // (b * n, h)
      }
      // Dropout before a batch normalization would change the variances that it sees (Li et al. 2019).
      return addBias(matMul(training?.dropout(x) ?? x, weights.W2), weights.b2); // (b, h) -> (b, V)
    },

    initialise(generator) {
      const draw = (inputs: number, outputs: number): Parameter => ({
        shape: [inputs, outputs],
        values: divideBy(generator.randn(inputs * outputs), Math.sqrt(inputs)),
      });
      const vector = (size: number, value: number): Parameter => ({
        shape: [size],
        values: new Float32Array(size).fill(value),
      });
      const parameters: Parameters = { C: drawEmbedding(generator, V, m) };
      for (const { layer, inputs } of layers) {
        parameters[`${layer}.weight`] = draw(2 * inputs, h);
        parameters[`${layer}.gain`] = vector(h, 1);
        parameters[`${layer}.shift`] = vector(h, 0);
        parameters[`${layer}.mean`] = vector(h, 0);
        parameters[`${layer}.std`] = vector(h, 1);
      }
      const { shape, values } = draw(h, V);
      return { ...parameters, W2: { shape, values: scaleBy(values, OUTPUT_SCALE) }, b2: vector(V, 0) };
    },

    graph(graph, parameters, tokens) {
      let x = graph.gather(graph.parameter("C", parameters.C), tokens); // (b, T, m)
      for (const { layer, n, inputs } of layers) {
        const { weight, bias } = foldedLayer(parameters, layer);
        const pair = graph.reshape(x, [-1, n, 2 * inputs]); // (b, n, 2 * inputs)
        const z = graph.matMul(pair, graph.parameter(`${layer}.weight`, weight)); // (b, n, h)
        x = graph.tanh(graph.add(z, graph.parameter(`${layer}.bias`, bias))); // (b, n, h)
      }
      const y = graph.matMul(x, graph.parameter("W2", parameters.W2)); // (b, 1, V)
      return { logits: graph.reshape(graph.add(y, graph.parameter("b2", parameters.b2)), [-1, V]) }; // (b, V)
    },
  };
}

/**
 * Batch normalization of the input of a tree layer's tanh, (b * n, h): in training with the mini-batch's own statistics,
 * otherwise with the running ones. Weights that were folded for export have a bias instead.
 */
function normalize(z: Tensor, layer: number, weights: Weights, training: TrainingPass | undefined): Tensor {
  const [gain, shift, mean, std, bias] = ["gain", "shift", "mean", "std", "bias"].map((part) =>
    weights[`${layer}.${part}`]
  );
  if (bias) return addBias(z, bias);
  if (!training) return add(div(mul(gain, sub(z, mean)), std), shift);
  return batchNormalize(z, gain, shift, (batch) => {
    training.setBuffers({
      [`${layer}.mean`]: movingAverage(mean, batch.mean, MOMENTUM),
      [`${layer}.std`]: movingDeviation(std, batch.std, MOMENTUM),
    });
  }, EPSILON);
}

/** The weight and bias of a tree layer with its batch normalization folded in, if that was not done before. */
function foldedLayer(parameters: Parameters, layer: number): { weight: Parameter; bias: Parameter } {
  const [weight, bias, gain, shift, mean, std] = ["weight", "bias", "gain", "shift", "mean", "std"].map((
    part,
  ) => parameters[`${layer}.${part}`]);
  return gain ? foldBatchNormalization(weight, undefined, { gain, shift, mean, std }) : { weight, bias };
}
