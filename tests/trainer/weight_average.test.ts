import { expect, test } from "vitest";
import { averageWeights, STEPS_PER_AVERAGING, type WeightAverage } from "../../trainer/weight_average.ts";

const weights = (...values: number[]) => ({
  w: { shape: [values.length], values: Float32Array.from(values) },
});

function averageOf(values: number[], decay: number): number {
  let average: WeightAverage | undefined;
  for (const value of values) average = averageWeights(average, weights(value), decay);
  return average!.parameters.w.values[0];
}

test("the average follows avg = d avg + (1 - d) w, with a smaller d at first", () => {
  // d is 2/11, then 3/12.
  const second = 2 / 11 * 1 + 9 / 11 * 3;
  expect(averageOf([1, 3, 8], 0.999)).toBeCloseTo(0.25 * second + 0.75 * 8, 6);
});

test("in a long run the decay is that of a step, so many times", () => {
  const decay = 0.99;
  const kept = decay ** STEPS_PER_AVERAGING;
  const zeros = Array.from({ length: 500 }, () => 0);
  expect(averageOf([...zeros, 1, 0], decay)).toBeCloseTo(kept * (1 - kept), 6);
});

test("the first parameters are not changed, and each weight has its own average", () => {
  const first = weights(1, 2);
  const { parameters } = averageWeights(averageWeights(undefined, first, 0.9), weights(1, 4), 0.9);
  expect(first.w.values).toEqual(Float32Array.of(1, 2));
  expect(parameters.w.values[0]).toBe(1);
  expect(parameters.w.values[1]).toBeGreaterThan(2);
});
