import { type Command, CommanderError } from "commander";
import process from "node:process";

/** Runs the command that the arguments of the process name, and prints an error in one line. */
export async function runProgram(program: Command): Promise<void> {
  // Unlike process.stdout, the console does not mind a reader such as `head`, which may close the pipe early.
  const writeOut = (text: string) => console.log(text.replace(/\n$/, ""));
  for (const command of [program, ...program.commands]) {
    command.configureOutput({ writeOut }).exitOverride();
    command.showHelpAfterError("(--help shows the allowed values)").showSuggestionAfterError();
  }
  try {
    await program.parseAsync();
  } catch (error) {
    // Commander has printed its errors already. The others are about the input, so no stack is printed.
    if (!(error instanceof CommanderError)) console.error(`error: ${(error as Error).message}`);
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
  }
}
