import { type Command, InvalidArgumentError, Option } from "commander";
import { optimizers } from "../optimizers.ts";

/** Where models are, unless a command is told otherwise. */
export const MODELS_DIRECTORY = "models";

/** Reads a whole number from a range, for commander. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[+-]?\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };
}

/** Reads a decimal number from a range, for commander. */
export function decimal(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a number from ${minimum} to ${maximum}.`);
  };
}

/** `--models DIR`, for commands that read models. */
export function modelsOption(): Option {
  return new Option("--models <directory>", "where the model is").default(MODELS_DIRECTORY);
}

/** `--data LIST`, for commands that go back to a model's list. */
export function listOption(): Option {
  return new Option(
    "--data <list>",
    "the list that the model was trained on: a path or an http(s) URL (default: the list that comes along, if that is it)",
  );
}

/** `--batch SIZE`, for commands that train. */
export function batchOption(): Option {
  const read = (text: string) => (text === "all" ? text : wholeNumber(1, 1_000_000)(text));
  return new Option("--batch <number>", 'examples in a mini-batch; "all" takes all of them in each step')
    .argParser(read).default(32);
}

/** `--optimizer NAME`, for commands that train. */
export function optimizerOption(): Option {
  return new Option("--optimizer <name>", "how the gradient is followed").choices(Object.keys(optimizers))
    .default("sgd");
}

/** `--seed NUMBER`, for commands that train. */
export function seedOption(): Option {
  return new Option(
    "--seed <number>",
    "of the torch generator that draws the weights and then the mini-batches",
  )
    .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)).default(42);
}

/** The names of the flags that the user gave. */
export function givenFlags(command: Command): string[] {
  return command.options.map((option) => option.attributeName())
    .filter((key) => command.getOptionValueSource(key) === "cli");
}
