import { expect, test } from "vitest";
import { startTrainer } from "../../processes.ts";

test("sample --novel prints no name of the list, and says where there are too few", async () => {
  const { code, stdout } = await startTrainer(["sample", "gru", "--novel", "--n", "50", "--seed", "1"])
    .ended;
  expect(code).toBe(0);
  expect(stdout).toContain("in the list (0)");
  expect(stdout).toContain("new (50)");
  const none = await startTrainer(["sample", "gru", "--novel", "--top-k", "1", "--n", "2", "--seed", "1"])
    .ended;
  expect(none.stderr).toContain("0 of 2 names: 40 were drawn, of which 40 are in the training list");
});

test.each([
  [["--min-length", "10", "--max-length", "5"], "--min-length 10: it is above --max-length 5"],
  [
    ["--prefix", "maß"],
    '--prefix "maß": it has the character "ß" at position 3, which model bigram does not know',
  ],
  [["--prefix", "abc", "--max-length", "2"], '--prefix "abc": it has 3 characters, and --max-length is 2'],
])("sample refuses %j", async (args, message) => {
  const { code, stdout, stderr } = await startTrainer(["sample", "bigram", ...args]).ended;
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(`error: Cannot sample with ${message}`);
});
