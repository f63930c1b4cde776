#!/usr/bin/env node
/*
 * The command `edgemore`.
 */
import { Command } from "commander";
import { evaluateCommand } from "../trainer/commands/evaluate.ts";
import { runProgram } from "../trainer/commands/run_program.ts";
import { sampleCommand } from "../trainer/commands/sample.ts";
import { scoreCommand } from "../trainer/commands/score.ts";
import { trainCommand } from "../trainer/commands/train.ts";
import { edgemoreCommand } from "./command_line.ts";
import { serveCommand } from "./serve.ts";

/** The version of the package; scripts/build_package.ts defines it. */
declare const EDGEMORE_VERSION: string;

await runProgram(
  new Command("edgemore")
    .description("Train character-level language models on a list of things, one a line, and serve them.")
    .version(EDGEMORE_VERSION)
    .addCommand(trainCommand(edgemoreCommand))
    .addCommand(serveCommand)
    .addCommand(sampleCommand(edgemoreCommand))
    .addCommand(scoreCommand(edgemoreCommand))
    .addCommand(evaluateCommand(edgemoreCommand)),
);
