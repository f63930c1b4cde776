import { expect, test } from "vitest";
import { startTrainer } from "../../processes.ts";

test("sample --novel prints no name of the list, and says where there are too few", async () => {
  const { code, stdout } = await startTrainer(["sample", "tuned", "--novel", "--n", "50", "--seed", "1"])
    .ended;
  expect(code).toBe(0);
  expect(stdout).toContain("in the list (0)");
  expect(stdout).toContain("new (50)");
  const none = await startTrainer(["sample", "tuned", "--novel", "--top-k", "1", "--n", "2", "--seed", "1"])
    .ended;
  expect(none.stderr).toContain("0 of 2 names: 40 were drawn, of which 40 are in the training list");
});
