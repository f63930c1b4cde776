import { describe, expect, test } from "vitest";
import { memoryTrend } from "../../bench/soak_memory.ts";

/** 300 samples of a function of the time, which goes from 0 to 1. */
const samples = (memory: (time: number) => number) => Array.from({ length: 300 }, (_, i) => memory(i / 299));

describe("memoryTrend", () => {
  test("is flat if memory stops growing within the first third of the time", () => {
    const trend = memoryTrend(samples((time) => 100 + 300 * Math.min(time, 0.3)));
    expect(trend).toMatchObject({ early: 190, late: 190, flat: true });
    expect(trend.tenths.at(-1)).toBe(190);
    expect(trend.tenths[0]).toBeLessThan(120);
  });

  test("is flat for noise, even if the last sample is far above the others", () => {
    expect(memoryTrend(samples((time) => time === 1 ? 900 : 200 + 10 * Math.sin(100 * time))).flat).toBe(
      true,
    );
  });

  test("is not flat if memory grows by more than 15% after the first third", () => {
    expect(memoryTrend(samples((time) => 200 + 100 * time))).toMatchObject({ flat: false });
    expect(memoryTrend(samples((time) => time < 0.8 ? 200 : 231))).toMatchObject({ early: 200, flat: false });
    expect(memoryTrend(samples((time) => time < 0.8 ? 200 : 229))).toMatchObject({ early: 200, flat: true });
  });
});
