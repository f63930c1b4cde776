import type { TorchGenerator } from "../shared/random/torch.ts";
import type { Parameter } from "./parameters.ts";

/** The parameters of a linear layer. */
export type LinearParameters = {
  /** [inputs, outputs] */
  weight: Parameter;
  /** [outputs] */
  bias: Parameter;
};

/**
 * Draws a linear layer as PyTorch's `nn.Linear(inputs, outputs)` does: weight and bias are uniform between plus and minus
 * 1 / sqrt(inputs). The weight is drawn as [outputs, inputs].
 */
export function drawLinear(generator: TorchGenerator, inputs: number, outputs: number): LinearParameters {
  const weight = drawLinearWeight(generator, inputs, outputs);
  return { weight, bias: drawBias(generator, inputs, outputs) };
}

/** Draws the bias of a linear layer; see {@link drawLinear}. */
export function drawBias(generator: TorchGenerator, inputs: number, outputs: number): Parameter {
  return { shape: [outputs], values: drawUniform(generator, outputs, 1 / Math.sqrt(inputs)) };
}

/** Draws the weight of a linear layer without a bias; see {@link drawLinear}. */
export function drawLinearWeight(generator: TorchGenerator, inputs: number, outputs: number): Parameter {
  const drawn = drawUniform(generator, outputs * inputs, 1 / Math.sqrt(inputs));
  const values = new Float32Array(inputs * outputs);
  drawn.forEach((value, i) => values[(i % inputs) * outputs + Math.floor(i / inputs)] = value);
  return { shape: [inputs, outputs], values };
}

/** Draws an embedding table [vocabularySize, size] as PyTorch's `nn.Embedding` does: normal. */
export function drawEmbedding(generator: TorchGenerator, vocabularySize: number, size: number): Parameter {
  return { shape: [vocabularySize, size], values: generator.randn(vocabularySize * size) };
}

/** `torch.empty(count).uniform_(-bound, bound)`, which multiplies and adds with one rounding to float32. */
export function drawUniform(
  generator: TorchGenerator,
  count: number,
  bound: number,
): Float32Array<ArrayBuffer> {
  const to = Math.fround(bound);
  return generator.rand(count).map((value) => value * (2 * to) - to);
}
