import { Option } from "commander";
import type { ModelCard } from "../../shared/model_card.ts";
import type { Architecture } from "../architecture.ts";
import { architectures } from "../architectures/all.ts";

/** `--architecture NAME`. */
export function architectureOption(): Option {
  return new Option("--architecture <name>", "kind of model")
    .choices(architectures.map(({ name }) => name)).default("mlp");
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
  const [{ path, message }] = result.error.issues;
  const key = String(path[0]);
  throw new RangeError(`Cannot set --${key} to ${JSON.stringify(flags[key])}: ${message}`);
}

/** The value of a flag: a number if its text is one. */
function flagValue(value: unknown): unknown {
  return typeof value !== "string" || value.trim() === "" || Number.isNaN(Number(value))
    ? value
    : Number(value);
}
