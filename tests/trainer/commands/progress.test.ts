import process from "node:process";
import { describe, expect, onTestFinished, test } from "vitest";
import { startProgram, startTrainer } from "../../processes.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

const TRAINER = ["run", "--quiet", "-P=trainer", "--allow-write", "trainer/main.ts"];

/** Commands that take more than a second, and what their bars say. */
const commands: [name: string, args: string[], bar: RegExp][] = [
  ["sample", ["gru", "--n", "5000", "--seed", "1"], /█░+ \d+% \| \d+\/5000 names/],
  ["report", ["transformer"], /█░+ \d+% \| evaluating \d+\/22949 characters/],
  ["evaluate", ["transformer"], /█░+ \d+% \| evaluating \d+\/\d+ characters/],
];

describe.each(commands)("%s", (name, args, bar) => {
  test.skipIf(process.platform !== "linux")("on a terminal, shows how far it is", async () => {
    const all = [name, ...args, ...await outputOf(name)];
    const command = [process.execPath, ...TRAINER, ...all].join(" ");
    const terminal = startProgram("script", ["-qefc", command, "/dev/null"]);
    onTestFinished(() => terminal.signal("SIGTERM"));
    await terminal.printed(bar);
    expect((await terminal.ended).code).toBe(0);
  });

  test("elsewhere, prints its result alone", async () => {
    const { code, stderr } = await startTrainer([name, ...args, ...await outputOf(name)]).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

/** The flags that say where a report goes. */
async function outputOf(name: string): Promise<string[]> {
  return name === "report" ? ["--out", await temporaryDirectory()] : [];
}
