import { describe, expect, test } from "vitest";
import { type LogitsProcessor, temperature, topK, topP } from "../../shared/logits_processors.ts";

/** Applies a processor to a distribution; returns the result as probabilities that sum to 1. */
function after(processor: LogitsProcessor, probabilities: number[]): number[] {
  const row = Float64Array.from(probabilities, Math.log);
  processor(row);
  const weights = Array.from(row, Math.exp);
  const total = weights.reduce((a, b) => a + b);
  return weights.map((weight) => Number((weight / total).toFixed(12)));
}

describe("temperature", () => {
  test("raises probabilities to the power of 1 / temperature", () => {
    expect(after(temperature(0.5), [0.8, 0.2])).toEqual([0.941176470588, 0.058823529412]);
    expect(after(temperature(2), [0.8, 0.2])).toEqual([0.666666666667, 0.333333333333]);
  });
});

describe("topK", () => {
  test("keeps the k most likely tokens; among equally likely ones, smaller ids", () => {
    expect(after(topK(1), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topK(2), [0.25, 0.25, 0.5, 0])).toEqual([0.333333333333, 0, 0.666666666667, 0]);
    expect(after(topK(1), [0, 0.5, 0.5])).toEqual([0, 1, 0]);
  });

  test.each([64, 65, 200])(
    "keeps the k most likely of %i tokens, and the smaller ids among equals",
    (size) => {
      const row = Float64Array.from({ length: size }, (_, token) => token % 3 === 1 ? -1 : -2);
      const likeliest = Array.from(row, (_, token) => token).filter((token) => token % 3 === 1);
      topK(likeliest.length + 2)(row);
      const kept = Array.from(row.keys()).filter((token) => row[token] !== -Infinity);
      expect(kept).toEqual([0, 2, ...likeliest].toSorted((a, b) => a - b));
    },
  );

  test("keeps all tokens if k exceeds their number", () => {
    expect(after(topK(9), [0.25, 0.75])).toEqual([0.25, 0.75]);
  });
});

describe("topP", () => {
  test("keeps the fewest tokens whose probabilities reach p", () => {
    expect(after(topP(0.5), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topP(0.51), [0.2, 0.5, 0.3])).toEqual([0, 0.625, 0.375]);
    expect(after(topP(1), [0.2, 0.5, 0.3])).toEqual([0.2, 0.5, 0.3]);
    expect(after(topP(0.01), [0.2, 0.5, 0.3])).toEqual([0, 1, 0]);
    expect(after(topP(0.5), [0.25, 0.25, 0.25, 0.25])).toEqual([0.5, 0.5, 0, 0]);
  });

  test("applies p to the tokens that earlier processors have kept", () => {
    const row = Float64Array.from([0.5, 0.3, 0.2], Math.log);
    topK(2)(row);
    topP(0.6)(row);
    expect(Array.from(row, Number.isFinite)).toEqual([true, false, false]); // 0.5 is more than 0.6 of the remaining 0.8
  });

  test("does not change a row in which every token is impossible", () => {
    const row = new Float64Array(3).fill(-Infinity);
    topP(0.5)(row);
    expect(Array.from(row)).toEqual([-Infinity, -Infinity, -Infinity]);
  });
});
