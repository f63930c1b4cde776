import { expect, test } from "vitest";
import { schedules } from "../../trainer/schedules.ts";

test("constant stays", () => {
  expect(schedules.constant(0, 10, 0.1)).toBe(0.1);
  expect(schedules.constant(9, 10, 0.1)).toBe(0.1);
});

test("step falls to a tenth after half the steps, as `0.1 if i < 100000 else 0.01`", () => {
  expect(schedules.step(99_999, 200_000, 0.1)).toBe(0.1);
  expect(schedules.step(100_000, 200_000, 0.1)).toBe(0.01);
});

test("cosine goes from the whole rate through half of it to almost none", () => {
  expect(schedules.cosine(0, 1000, 0.1)).toBe(0.1);
  expect(schedules.cosine(500, 1000, 0.1)).toBeCloseTo(0.05, 12);
  expect(schedules.cosine(999, 1000, 0.1)).toBeLessThan(1e-6);
});
