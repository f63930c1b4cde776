import { mapValues, type Parameters } from "./parameters.ts";

/** The parameters are taken into the average after every so many steps. */
export const STEPS_PER_AVERAGING = 10;

/** An average of the parameters over the steps of a run. */
export interface WeightAverage {
  parameters: Parameters;
  /** How often parameters were taken into it. */
  count: number;
}

/**
 * Takes parameters into an exponential moving average. At first it is nearly a plain mean, so that the first weights are
 * soon forgotten: the decay is at most (1 + count) / (10 + count).
 *
 * Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992; the decay of the first
 * steps is that of TensorFlow's `ExponentialMovingAverage`.
 *
 * @param average Undefined before the first parameters.
 * @param decay What is left of an older step's share after one step, from 0 to 1.
 */
export function averageWeights(
  average: WeightAverage | undefined,
  parameters: Parameters,
  decay: number,
): WeightAverage {
  if (!average) return { parameters, count: 1 };
  const { count } = average;
  const kept = Math.min(decay ** STEPS_PER_AVERAGING, (1 + count) / (10 + count));
  return {
    parameters: mapValues(average.parameters, ({ shape, values }, name) => {
      const latest = parameters[name].values;
      return { shape, values: values.map((value, i) => value + (1 - kept) * (latest[i] - value)) };
    }),
    count: count + 1,
  };
}
