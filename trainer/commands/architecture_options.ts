import { Option } from "commander";
import type { z } from "zod";
import type { ModelCard } from "../../shared/model_card.ts";
import type { Architecture } from "../architecture.ts";
import { architectures } from "../architectures/all.ts";
import { DEFAULT_OPTIONS } from "../train_options.ts";

/** `--architecture NAME`. */
export function architectureOption(): Option {
  return new Option("--architecture <name>", "kind of model")
    .choices(architectures.map(({ name }) => name)).default(DEFAULT_OPTIONS.architecture);
}

/** The flags of all architectures, each once. The flag of a boolean sets the opposite of its default. */
export function architectureOptions(): Option[] {
  const options = new Map<string, { flag: string; help: string[] }>();
  for (const { name, hyperparameters } of architectures) {
    const fallbacks = hyperparameters.parse({});
    for (const [key, schema] of Object.entries(hyperparameters.shape)) {
      const fallback = fallbacks[key] ?? false; // without a default: an optional boolean
      const flag = typeof fallback !== "boolean" ? `--${key} <value>` : fallback ? `--no-${key}` : `--${key}`;
      const help = typeof fallback !== "boolean"
        ? `${name}: ${schema.description} (default: ${fallback})`
        : `${name}: ${fallback ? "no " : ""}${schema.description}`;
      options.set(key, { flag, help: [...options.get(key)?.help ?? [], help] });
    }
  }
  return Array.from(options.values(), ({ flag, help }) => new Option(flag, help.join("; ")));
}

/**
 * Reads the hyperparameters of an architecture from the flags.
 *
 * @throws {RangeError} If a flag belongs to another architecture, or its value is not allowed.
 */
export function readHyperparameters(
  { name, hyperparameters }: Architecture,
  flags: Readonly<Record<string, unknown>>,
  given: readonly string[],
): ModelCard["hyperparameters"] {
  const keys = architectures.flatMap((architecture) => Object.keys(architecture.hyperparameters.shape));
  const asked = keys.filter((key) => given.includes(key));
  const foreign = asked.find((key) => !(key in hyperparameters.shape));
  if (foreign !== undefined) {
    const own = Object.keys(hyperparameters.shape).map((key) => `--${key}`).join(", ");
    throw new RangeError(`Architecture ${name} has no --${foreign}: its flags are ${own}`);
  }
  const result = hyperparameters.safeParse(
    Object.fromEntries(asked.map((key) => [key, flagValue(flags[key])])),
  );
  if (result.success) return result.data as ModelCard["hyperparameters"]; // optional ones are absent
  const [issue] = result.error.issues;
  const key = String(issue.path[0]);
  throw new RangeError(`Cannot set --${key} to ${JSON.stringify(flags[key])}: ${inWords(issue)}`);
}

/** What is allowed in place of a value. */
function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "too_small":
      return `it must be at least ${issue.minimum}`;
    case "too_big":
      return `it must be at most ${issue.maximum}`;
    case "invalid_type":
      return issue.expected === "int" ? "it must be a whole number" : `it must be a ${issue.expected}`;
    default:
      return issue.message;
  }
}

/** The value of a flag: a number if its text is one. */
function flagValue(value: unknown): unknown {
  return typeof value !== "string" || value.trim() === "" || Number.isNaN(Number(value))
    ? value
    : Number(value);
}
