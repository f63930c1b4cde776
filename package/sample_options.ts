import type { SamplingOptions } from "../shared/name_search.ts";
import type { DrawingOptions } from "../shared/sampler.ts";
import { MAX_NAME_LENGTH, nameLength } from "../shared/name_length.ts";
import type { TrainingNames } from "../shared/training_names.ts";
import { Work } from "../shared/work.ts";

/** How things are sampled. */
export interface SampleOptions extends Omit<DrawingOptions, "seed" | "draws" | "work"> {
  /** How many. Default: 10, and of a stream no end. */
  n?: number;
  /** A whole number from 0 to 2^53 - 1: the same seed gives the same things. Default: a random one. */
  seed?: number;
  /** Leave out what was found before. Default false. */
  unique?: boolean;
  /** Leave out what is in the list that the model was trained on, which must have been given with it. Default false. */
  novel?: boolean;
  /**
   * "torch" draws as `torch.multinomial(probs, 1, generator=g)` does, with `g.manual_seed(seed)`. Lengths are then 0 to 256 by
   * default.
   */
  compat?: "torch";
}

/** The smallest and the largest value of each option that is a number. */
const RANGES = {
  seed: [0, Number.MAX_SAFE_INTEGER],
  temperature: [0.05, 5],
  topK: [1, Infinity],
  topP: [Number.MIN_VALUE, 1],
  minLength: [0, MAX_NAME_LENGTH],
  maxLength: [1, MAX_NAME_LENGTH],
} as const;
/** Those that may have a fraction. */
const FRACTIONS = ["temperature", "topP"];

/**
 * Reads the options of a request for things.
 *
 * @param n The default of `n`.
 * @throws {RangeError} If a value is not allowed, or nothing can be as long.
 * @throws {Error} If only novel things are wanted of a model that came without its list.
 */
export function readSampleOptions(
  options: SampleOptions,
  n: number,
  trainingNames: TrainingNames | null,
): SamplingOptions {
  const { unique, novel, compat, prefix = "", temperature, topK, topP } = options;
  const read = { n, ...options };
  if (read.n !== Infinity) requireNumber("n", read.n, 1, Number.MAX_SAFE_INTEGER);
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (value !== undefined) requireNumber(name, value, least, most, FRACTIONS.includes(name));
  }
  if (compat !== undefined && compat !== "torch") {
    throw new RangeError(`Cannot sample with compat ${JSON.stringify(compat)}: it must be "torch"`);
  }
  const {
    minLength = compat ? 0 : 1,
    maxLength = compat ? MAX_NAME_LENGTH : 64,
    seed = Math.floor(Math.random() * 2 ** 53),
  } = options;
  if (minLength > maxLength) {
    throw new RangeError(`Cannot sample with minLength ${minLength}: it is above maxLength, ${maxLength}`);
  }
  if (!(nameLength(prefix) <= maxLength)) {
    throw new RangeError(
      `Cannot sample with prefix ${JSON.stringify(prefix)}: it must have at most ${maxLength} characters`,
    );
  }
  if (novel && trainingNames === null) {
    throw new Error(
      "Cannot sample novel things: the model was opened without the list that it was trained on",
    );
  }
  return {
    n: read.n,
    seed,
    temperature,
    topK,
    topP,
    prefix,
    minLength,
    maxLength,
    unique,
    trainingNames: novel ? trainingNames! : undefined,
    draws: compat ?? "streams",
    work: new Work(),
  };
}

function requireNumber(name: string, value: number, least: number, most: number, fraction = false): void {
  if (value >= least && value <= most && (fraction || Number.isInteger(value))) return;
  const what = fraction ? "a number" : "a whole number";
  throw new RangeError(`Cannot sample with ${name} ${value}: it must be ${what} from ${least} to ${most}`);
}
