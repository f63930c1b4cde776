import { expect, test } from "vitest";
import { schedules, warmUp } from "../../trainer/schedules.ts";

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

// torch.optim.lr_scheduler.LinearLR(start_factor=1/4, total_iters=3), alone and chained with CosineAnnealingLR(T_max=10).
test("warm-up rises to the schedule as PyTorch's LinearLR does, and composes with cosine", () => {
  const rates = (name: "constant" | "cosine", steps: number) =>
    Array.from({ length: steps }, (_, step) => warmUp(schedules[name], 4)(step, 10, 0.1));
  const expected = {
    constant: [0.025, 0.05, 0.075, 0.1, 0.1, 0.1],
    cosine: [
      0.025,
      0.048776412907378844,
      0.06783813728906053,
      0.07938926261462366,
      0.06545084971874737,
      0.05,
    ],
  };
  rates("constant", 6).forEach((rate, step) => expect(rate).toBeCloseTo(expected.constant[step], 12));
  rates("cosine", 6).forEach((rate, step) => expect(rate).toBeCloseTo(expected.cosine[step], 12));
});

test("without warm-up a schedule stays what it is", () => {
  expect(warmUp(schedules.step, 0)).toBe(schedules.step);
});
