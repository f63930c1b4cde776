import { describe, expect, test } from "vitest";
import { memoryTrend } from "../../bench/soak_memory.ts";

/** 300 samples of a memory that goes as a function of the time, from 0 to 1, says. */
const samples = (memory: (time: number) => number) => Array.from({ length: 300 }, (_, i) => memory(i / 299));

describe("memoryTrend", () => {
  test("takes a memory for flat that is full after a third of the time", () => {
    const trend = memoryTrend(samples((time) => 100 + 300 * Math.min(time, 0.3)));
    expect(trend).toMatchObject({ early: 190, late: 190, flat: true });
    expect(trend.tenths.at(-1)).toBe(190);
    expect(trend.tenths[0]).toBeLessThan(120);
  });

  test("takes noise for flat, even where the last sample is far above the others", () => {
    expect(memoryTrend(samples((time) => time === 1 ? 900 : 200 + 10 * Math.sin(100 * time))).flat).toBe(
      true,
    );
  });

  test("tells a leak of half as much again", () => {
    expect(memoryTrend(samples((time) => 200 + 100 * time))).toMatchObject({ flat: false });
    expect(memoryTrend(samples((time) => time < 0.8 ? 200 : 231))).toMatchObject({ early: 200, flat: false });
    expect(memoryTrend(samples((time) => time < 0.8 ? 200 : 229))).toMatchObject({ early: 200, flat: true });
  });
});
