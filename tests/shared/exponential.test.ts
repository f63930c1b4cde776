import { expect, test } from "vitest";
import { exponential } from "../../shared/exponential.ts";

test("exponential is e^x for x up to 0", () => {
  for (let x = 0; x > -100; x -= 0.0137) {
    expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-11);
  }
  expect(exponential(0)).toBe(1);
  expect([exponential(-111), exponential(-1000), exponential(-Infinity)]).toEqual([0, 0, 0]);
});
