import { type Tensor1D, type Tensor2D, tensor2d } from "@tensorflow/tfjs";
import type { Examples } from "../shared/context.ts";
import { contextBatches, valuesOf } from "./evaluate.ts";
import { addBias, embed, matMul } from "./operations.ts";
import { mapValues, type Parameters, toTensor } from "./parameters.ts";

/** Where tanh is so flat that next to no gradient comes through: its slope is below 0.06. */
const SATURATED = 0.97;
/** How many examples say enough. */
const EXAMPLES = 1000;

/** What goes through the tanh layer of an MLP. */
export interface Activations {
  /** [examples * hidden]: what goes in. */
  preActivations: Float32Array;
  /** Of what goes in. */
  mean: number;
  std: number;
  /** What share of what comes out is above 0.97 or below -0.97. */
  saturated: number;
}

/** Measures the tanh layer of an MLP without normalization on the first of some examples. */
export function activations({ C, W1, b1 }: Parameters, { contexts, count }: Examples): Activations {
  const n = contexts.length / count;
  const weights = mapValues({ C, W1, b1 }, toTensor);
  const [some] = contextBatches(contexts.slice(0, EXAMPLES * n), n);
  const preActivations = valuesOf(() => {
    const x = embed(weights.C as Tensor2D, tensor2d(some, [some.length / n, n], "int32"));
    return addBias(matMul(x, weights.W1 as Tensor2D), weights.b1 as Tensor1D);
  });
  Object.values(weights).forEach((weight) => weight.dispose());
  const mean = preActivations.reduce((sum, z) => sum + z, 0) / preActivations.length;
  const variance = preActivations.reduce((sum, z) => sum + (z - mean) ** 2, 0) / preActivations.length;
  const saturated = preActivations.filter((z) => Math.abs(Math.tanh(z)) > SATURATED).length /
    preActivations.length;
  return { preActivations, mean, std: Math.sqrt(variance), saturated };
}
