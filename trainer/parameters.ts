import { type Tensor, tensor } from "@tensorflow/tfjs";

/** One array that a model learns, outside of TensorFlow.js. */
export interface Parameter {
  shape: number[];
  /** Row-major. */
  values: Float32Array<ArrayBuffer>;
}

/** All that a model learns, by name, in the order in which it is drawn. */
export type Parameters = Record<string, Parameter>;

/** {@link Parameters} as tensors. */
export type Weights = Record<string, Tensor>;

/** Values times a number, computed as PyTorch does: in float32. */
export function times(values: Float32Array<ArrayBuffer>, factor: number): Float32Array<ArrayBuffer> {
  const single = Math.fround(factor);
  return values.map((value) => value * single);
}

/** Values divided by a number, computed as PyTorch does: in float32. */
export function over(values: Float32Array<ArrayBuffer>, divisor: number): Float32Array<ArrayBuffer> {
  const single = Math.fround(divisor);
  return values.map((value) => value / single);
}

/** How many numbers there are, but for those of some names. */
export function parameterCount(parameters: Parameters, except: readonly string[] = []): number {
  const counted = Object.entries(parameters).filter(([name]) => !except.includes(name));
  return counted.reduce((sum, [, { values }]) => sum + values.length, 0);
}

/** A parameter as a tensor, which its caller disposes of. */
export function toTensor({ values, shape }: Parameter): Tensor {
  return tensor(values, shape);
}

/** A copy of a tensor's values, waiting for them. */
export function fromTensor(weight: Tensor): Parameter {
  return { shape: [...weight.shape], values: Float32Array.from(weight.dataSync()) };
}

/** The same record with each value changed. */
export function mapValues<From, To>(
  record: Record<string, From>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
