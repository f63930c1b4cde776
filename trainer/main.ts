import { Command, CommanderError } from "commander";
import process from "node:process";
import { evaluateCommand } from "./commands/evaluate.ts";
import { findLrCommand } from "./commands/find_lr.ts";
import { replayCommand } from "./commands/replay.ts";
import { reportCommand } from "./commands/report.ts";
import { sampleCommand } from "./commands/sample.ts";
import { scoreCommand } from "./commands/score.ts";
import { trainCommand } from "./commands/train.ts";
import { startTensorFlow } from "./tensorflow.ts";

const program = new Command("deno task")
  .description("Train character-level language models on a list of things, one a line: names, towns, words.")
  .addCommand(trainCommand)
  .addCommand(evaluateCommand)
  .addCommand(sampleCommand)
  .addCommand(scoreCommand)
  .addCommand(findLrCommand)
  .addCommand(replayCommand)
  .addCommand(reportCommand)
  .hook("preAction", startTensorFlow);

for (const command of [program, ...program.commands]) {
  command.exitOverride().showHelpAfterError("(--help shows the allowed values)").showSuggestionAfterError();
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed its errors already. The others are about the input, so no stack is printed.
  if (!(error instanceof CommanderError)) console.error(`error: ${(error as Error).message}`);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
}
