import { describe, expect, test } from "vitest";
import { type LogitsProcessor, temperature, topK, topP } from "../../shared/logits_processors.ts";

/** What a rule leaves of a distribution, as probabilities that sum to 1. */
function after(rule: LogitsProcessor, probabilities: number[]): number[] {
  const row = Float64Array.from(probabilities, Math.log);
  rule(row);
  const weights = Array.from(row, Math.exp);
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => Number((weight / total).toFixed(12)));
}

describe("temperature", () => {
  test("raises probabilities to the power of its inverse", () => {
    expect(after(temperature(0.5), [0.8, 0.2])).toEqual([0.941176470588, 0.058823529412]);
    expect(after(temperature(2), [0.8, 0.2])).toEqual([0.666666666667, 0.333333333333]);
  });
});

describe("topK", () => {
  test("keeps the k likeliest; of equals, the smaller ids", () => {
    expect(after(topK(1), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topK(2), [0.25, 0.25, 0.5, 0])).toEqual([0.333333333333, 0, 0.666666666667, 0]);
    expect(after(topK(1), [0, 0.5, 0.5])).toEqual([0, 1, 0]);
  });

  test.each([64, 65, 200])("keeps the k likeliest of %i, and of equals the smaller ids", (size) => {
    const row = Float64Array.from({ length: size }, (_, token) => token % 3 === 1 ? -1 : -2);
    const likeliest = Array.from(row, (_, token) => token).filter((token) => token % 3 === 1);
    topK(likeliest.length + 2)(row);
    const kept = Array.from(row.keys()).filter((token) => row[token] !== -Infinity);
    expect(kept).toEqual([0, 2, ...likeliest].toSorted((a, b) => a - b));
  });

  test("keeps all where k is more than there are", () => {
    expect(after(topK(9), [0.25, 0.75])).toEqual([0.25, 0.75]);
  });
});

describe("topP", () => {
  test("keeps the fewest that reach p", () => {
    expect(after(topP(0.5), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topP(0.51), [0.2, 0.5, 0.3])).toEqual([0, 0.625, 0.375]);
    expect(after(topP(1), [0.2, 0.5, 0.3])).toEqual([0.2, 0.5, 0.3]);
    expect(after(topP(0.01), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topP(0.5), [0.25, 0.25, 0.25, 0.25])).toEqual([0.5, 0.5, 0, 0]);
  });

  test("takes p of what other rules have left", () => {
    const row = Float64Array.from([0.5, 0.3, 0.2], Math.log);
    topK(2)(row);
    topP(0.6)(row);
    expect(Array.from(row, Number.isFinite)).toEqual([true, false, false]); // 0.5 of the 0.8 that are left
  });

  test("leaves a row alone in which nothing is possible", () => {
    const row = new Float64Array(3).fill(-Infinity);
    topP(0.5)(row);
    expect(Array.from(row)).toEqual([-Infinity, -Infinity, -Infinity]);
  });
});
