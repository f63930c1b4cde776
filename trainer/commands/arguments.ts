import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_OPTIONS } from "../train_options.ts";

/** Default directory of models. */
export const MODELS_DIRECTORY = "models";

/** A parser of whole numbers in a range, for commander. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** A parser of decimal numbers in a range, for commander. */
export function decimal(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`);
  };
}

/** `--models DIR`, for commands that read models. */
export function modelsOption(): Option {
  return new Option("--models <directory>", "directory of the models").default(MODELS_DIRECTORY);
}

/** `--seed NUMBER`, for commands that train. */
export function seedOption(): Option {
  return new Option(
    "--seed <number>",
    "seed of the torch generator that draws the weights and then the mini-batches",
  )
    .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)).default(DEFAULT_OPTIONS.seed);
}

/** The names of the flags on the command line; the others have their defaults. */
export function givenFlags(command: Command): string[] {
  return command.options.map((option) => option.attributeName())
    .filter((key) => command.getOptionValueSource(key) === "cli");
}
