import { Command } from "commander";
import { denoTask } from "./commands/deno_task.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { findLrCommand } from "./commands/find_lr.ts";
import { replayCommand } from "./commands/replay.ts";
import { reportCommand } from "./commands/report.ts";
import { runProgram } from "./commands/run_program.ts";
import { sampleCommand } from "./commands/sample.ts";
import { scoreCommand } from "./commands/score.ts";
import { trainCommand } from "./commands/train.ts";
import { startTensorFlow } from "./tensorflow.ts";

const program = new Command("deno task")
  .description("Train character-level language models on a list of things, one a line: names, towns, words.")
  .addCommand(trainCommand(denoTask))
  .addCommand(evaluateCommand(denoTask))
  .addCommand(sampleCommand(denoTask))
  .addCommand(scoreCommand(denoTask))
  .addCommand(findLrCommand)
  .addCommand(replayCommand)
  .addCommand(reportCommand)
  .hook("preAction", startTensorFlow);

await runProgram(program);
