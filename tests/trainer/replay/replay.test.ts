import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_LIST } from "../../../trainer/list_file.ts";
import { describeWithNames } from "../../notebook_names.ts";
import { startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

test("replay wants the notebooks' list, and no other", async () => {
  const other = await startTrainer(["replay", "--data", DEFAULT_LIST]).ended;
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("it is not makemore's names.txt") });
});

describeWithNames("replay of the notebooks' list", (path) => {
  test.each([["bigram", 30], ["notes", 9]])("%s: every figure agrees", async (notebook, atLeast) => {
    const directory = await temporaryDirectory();
    const args = ["replay", "--data", path, "--notebook", notebook, "--report", directory];
    const { code, stdout, stderr } = await startTrainer(args).ended;
    expect(code, stdout + stderr).toBe(0);
    const [, agreed, all] = /(\d+) of (\d+) figures agree/.exec(stdout)!;
    expect(agreed).toBe(all);
    expect(Number(all)).toBeGreaterThanOrEqual(atLeast);
    const html = await readFile(join(directory, "replay.html"), "utf8");
    expect(html.match(/<tr class="agrees">/g)).toHaveLength(Number(all));
  });
});
