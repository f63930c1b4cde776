import { add, mul, sqrt, square, type Tensor } from "@tensorflow/tfjs";
import type { Parameter } from "./parameters.ts";

/** The parameters and buffers of a batch normalization, each [columns]. */
export interface BatchNormalization {
  gain: Parameter;
  shift: Parameter;
  mean: Parameter;
  std: Parameter;
}

/** A running statistic after one more mini-batch, of which it takes the share `momentum`. */
export function movingAverage(running: Tensor, batch: Tensor, momentum: number): Tensor {
  return add(mul(running, 1 - momentum), mul(batch, momentum));
}

/** The same for deviations whose squares, the variances, are averaged, as `torch.nn.BatchNorm1d` does. */
export function movingDeviation(running: Tensor, batch: Tensor, momentum: number): Tensor {
  return sqrt(movingAverage(square(running), square(batch), momentum));
}

/**
 * Folds batch normalization into the linear layer before it: gain (x W + b - mean) / std + shift is
 * x (W gain / std) + (b - mean) gain / std + shift. Computed in float64 and rounded once.
 *
 * @param weight [inputs, columns]
 * @param bias [columns]; default: zeros.
 * @throws {Error} If the statistics are still zero.
 */
export function foldBatchNormalization(
  weight: Parameter,
  bias: Parameter | undefined,
  { gain, shift, mean, std }: BatchNormalization,
): { weight: Parameter; bias: Parameter } {
  if (std.values.some((deviation) => !(deviation > 0))) {
    throw new Error(
      "Cannot fold batch normalization: its statistics have not been measured; train a step first",
    );
  }
  const columns = gain.values.length;
  const factors = Float64Array.from(gain.values, (value, i) => value / std.values[i]); // (columns)
  const offsets = bias?.values ?? new Float32Array(columns);
  return {
    weight: { shape: weight.shape, values: weight.values.map((value, i) => value * factors[i % columns]) },
    bias: {
      shape: [columns],
      values: offsets.map((value, i) => (value - mean.values[i]) * factors[i] + shift.values[i]),
    },
  };
}
