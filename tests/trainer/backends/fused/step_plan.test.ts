import { describe, expect, test } from "vitest";
import { StepPlan } from "../../../../trainer/backends/fused/step_plan.ts";

describe("A plan refuses", () => {
  test("to overwrite what another layer reads", () => {
    const plan = new StepPlan(null);
    const x = plan.linear(plan.embedding("C", [5, 8], 1), 8, { weight: "W" });
    plan.layerNormalization(x, { gain: "gain", shift: "shift" });
    expect(() => plan.tanh(x)).toThrow("Cannot compute a layer in place: another layer reads its input");
  });

  test("a sum whose input no other layer reads", () => {
    const plan = new StepPlan(null);
    const x = plan.embedding("C", [5, 8], 1);
    const y = plan.lookUp(plan.table("D", [5, 8]));
    expect(() => plan.sum(x, y)).toThrow("Cannot add to a layer's output: no layer has read its input");
  });
});

test("A plan without dropout has no layers of it", () => {
  const plan = new StepPlan(null);
  const x = plan.embedding("C", [5, 8], 1);
  const activations = plan.activations.length;
  expect(plan.dropout(x)).toBe(x);
  expect(plan.activations).toHaveLength(activations);
  expect(new StepPlan(null, { share: 0.1, seed: 0 }).dropout(x)).not.toBe(x);
});
