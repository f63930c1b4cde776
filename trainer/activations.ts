import { tensor2d } from "@tensorflow/tfjs";
import type { WindowExamples } from "./examples.ts";
import { addBias, embed, matMul } from "./operations.ts";
import { mapValues, type Parameters, readValues, toTensor } from "./parameters.ts";

/** tanh is saturated beyond this: its slope is below 0.06, so that next to no gradient flows back. */
const SATURATED = 0.97;
/** Examples to measure on. */
const EXAMPLES = 1000;

/** Statistics of the tanh layer of an MLP. */
export interface Activations {
  /** [examples * hidden]: the inputs of tanh. */
  preActivations: Float32Array;
  /** Of the inputs. */
  mean: number;
  std: number;
  /** Share of the outputs above 0.97 or below -0.97. */
  saturated: number;
}

/** Measures the tanh layer of an MLP without normalization on the first examples. */
export function activations({ C, W1, b1 }: Parameters, examples: WindowExamples): Activations {
  const { tokens, count } = examples.batch(
    Int32Array.from({ length: Math.min(EXAMPLES, examples.count) }, (_, i) => i),
  );
  const weights = mapValues({ C, W1, b1 }, toTensor);
  const preActivations = readValues(() => {
    const x = embed(weights.C, tensor2d(tokens, [count, examples.contextLength], "int32"));
    return addBias(matMul(x, weights.W1), weights.b1);
  });
  Object.values(weights).forEach((weight) => weight.dispose());
  const mean = preActivations.reduce((sum, z) => sum + z, 0) / preActivations.length;
  const variance = preActivations.reduce((sum, z) => sum + (z - mean) ** 2, 0) / preActivations.length;
  const saturated = preActivations.filter((z) => Math.abs(Math.tanh(z)) > SATURATED).length /
    preActivations.length;
  return { preActivations, mean, std: Math.sqrt(variance), saturated };
}
