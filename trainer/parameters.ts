import { type Tensor, tensor, tidy } from "@tensorflow/tfjs";

/** A parameter of a model, outside of TensorFlow.js. */
export interface Parameter {
  shape: number[];
  /** Row-major. */
  values: Float32Array<ArrayBuffer>;
}

/** All parameters of a model, by name, in the order in which they are drawn. */
export type Parameters = Record<string, Parameter>;

/** {@link Parameters} as tensors. */
export type Weights = Record<string, Tensor>;

/** Multiplies values by a number in float32, as PyTorch does. */
export function scaleBy(values: Float32Array<ArrayBuffer>, factor: number): Float32Array<ArrayBuffer> {
  const single = Math.fround(factor);
  return values.map((value) => value * single);
}

/** Divides values by a number in float32, as PyTorch does. */
export function divideBy(values: Float32Array<ArrayBuffer>, divisor: number): Float32Array<ArrayBuffer> {
  const single = Math.fround(divisor);
  return values.map((value) => value / single);
}

/** Counts the numbers in parameters, without the buffers. */
export function parameterCount(parameters: Parameters, buffers: readonly string[] = []): number {
  const counted = Object.entries(parameters).filter(([name]) => !buffers.includes(name));
  return counted.reduce((sum, [, { values }]) => sum + values.length, 0);
}

/** A parameter as a tensor. The caller disposes of it. */
export function toTensor({ values, shape }: Parameter): Tensor {
  return tensor(values, shape);
}

/** A tensor as a parameter: waits for its values and copies them. */
export function fromTensor(weight: Tensor): Parameter {
  return { shape: [...weight.shape], values: Float32Array.from(weight.dataSync()) };
}

/**
 * Computes a tensor, and returns a copy of its values; all tensors that are made meanwhile are disposed of.
 *
 * The values are read outside of `tidy`, which would search them for tensors, number by number.
 */
export function readValues(compute: () => Tensor): Float32Array<ArrayBuffer> {
  const result = tidy(compute);
  const values = Float32Array.from(result.dataSync());
  result.dispose();
  return values;
}

/** A record with the same keys, and each value changed. */
export function mapValues<From, To>(
  record: Record<string, From>,
  change: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
