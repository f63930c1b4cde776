import { InvalidArgumentError, Option } from "commander";

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
