import { shiftContext } from "./context.ts";
import type { LanguageModel } from "./language_model.ts";
import { NameStream } from "./random/name_stream.ts";
import { TorchGenerator } from "./random/torch.ts";
import { minimumLength, type SamplingRule, temperature, topK, topP } from "./sampling_rules.ts";
import { type Likelihood, likelihood } from "./scoring.ts";
import { BOUNDARY, type Vocabulary } from "./vocabulary.ts";

/** Most names that are drawn side by side: their contexts make one batch. */
const BATCH_NAMES = 1024;
/** How many names are drawn for each one asked for, at most, when repeats are left out. */
const DRAWS_PER_UNIQUE_NAME = 20;

/** How names are sampled. */
export interface SamplingOptions {
  /** How many names. */
  n: number;
  /** A whole number from 0 to 2^53 - 1: the same seed gives the same names. */
  seed: number;
  /** 1 samples the model's own distribution. Default 1. */
  temperature?: number;
  /** Sample from the k likeliest tokens only. Default: from all. */
  topK?: number;
  /** Sample from the likeliest tokens that together have this probability. Default: from all. */
  topP?: number;
  /** What every name begins with. Default "". */
  prefix?: string;
  /**
   * Fewest characters, the prefix included; a name ends sooner only where the model allows nothing else.
   * Default 1.
   */
  minLength?: number;
  /** Most characters, the prefix included: a name that gets there ends there. Default 64. */
  maxLength?: number;
  /** Leave out names that came before. Default false. */
  unique?: boolean;
  /**
   * Where chance comes from. "streams", the default: each name has its own stream of random numbers, by seed
   * and index, so that 10 names are the beginning of 20. "torch": `torch.multinomial(probs, 1, generator=g)`,
   * name after name from one generator `g = torch.Generator().manual_seed(seed)`.
   */
  draws?: "streams" | "torch";
}

/** A name that was made, and how likely the model holds it: at temperature 1, nothing ruled out. */
export interface SampledName extends Likelihood {
  name: string;
}

/** A name in the making. */
interface Draft {
  /** [contextLength]: what the model sees next. */
  context: Int32Array;
  /** The characters so far; the prefix is there from the start. */
  tokens: number[];
  /** How many of them the model has been asked about. */
  scored: number;
  logLikelihood: number;
  draw: (row: Float64Array) => number;
}

/**
 * Makes names with a language model.
 *
 * All drafts of a batch advance together, so that the model answers one batch a character and not one
 * context.
 *
 * @returns `n` names; fewer only with `unique`, when {@link DRAWS_PER_UNIQUE_NAME} draws for each did not
 * find them.
 * @throws {UnknownCharacterError} If the prefix has a character that the vocabulary has not.
 *
 * @example
 * ```ts ignore
 * const names = await sample(model, vocabulary, { n: 20, seed: 42, temperature: 0.8 });
 * ```
 */
export async function sample(
  model: LanguageModel,
  vocabulary: Vocabulary,
  options: SamplingOptions,
): Promise<SampledName[]> {
  const { n, seed, unique = false, draws = "streams", maxLength = 64 } = options;
  const prefix = vocabulary.encode(options.prefix ?? "");
  const rules = samplingRules(options);
  const torch = draws === "torch" ? new TorchGenerator(seed) : undefined;
  // One torch generator serves all names, so the next name cannot begin before the last one has ended.
  const batchNames = torch ? 1 : BATCH_NAMES;

  const names: SampledName[] = [];
  const seen = new Set<string>();
  const mostDraws = unique ? n * DRAWS_PER_UNIQUE_NAME : n;
  for (let index = 0; index < mostDraws && names.length < n;) {
    const batch = Math.min(batchNames, n - names.length, mostDraws - index);
    const drafts = Array.from({ length: batch }, (): Draft => {
      const draw = torch ? torchDraw(torch) : streamDraw(new NameStream(seed, index));
      index++;
      const context = new Int32Array(model.contextLength);
      return { context, tokens: [...prefix], scored: 0, logLikelihood: 0, draw };
    });
    await complete(drafts, model, rules, maxLength);
    for (const { tokens, logLikelihood } of drafts) {
      const name = vocabulary.decode(tokens);
      if (unique && seen.has(name)) continue;
      seen.add(name);
      names.push({ name, ...likelihood(logLikelihood, tokens.length + 1) });
    }
  }
  return names;
}

/** The rules that some options ask for, in the order in which they apply. */
function samplingRules(options: SamplingOptions): SamplingRule[] {
  const rules = [minimumLength(options.minLength ?? 1)];
  if (options.temperature !== undefined && options.temperature !== 1) {
    rules.push(temperature(options.temperature));
  }
  if (options.topK !== undefined) rules.push(topK(options.topK));
  if (options.topP !== undefined) rules.push(topP(options.topP));
  return rules;
}

/** Takes drafts to their ends, one character each a round. */
async function complete(
  drafts: Draft[],
  model: LanguageModel,
  rules: readonly SamplingRule[],
  maxLength: number,
): Promise<void> {
  const { contextLength, vocabularySize } = model;
  const row = new Float64Array(vocabularySize);
  let open = drafts;
  while (open.length > 0) {
    const contexts = new Int32Array(open.length * contextLength);
    open.forEach(({ context }, i) => contexts.set(context, i * contextLength));
    const rows = await model.logProbs(contexts);
    open = open.filter((draft, i) => {
      const logProbs = rows.subarray(i * vocabularySize, (i + 1) * vocabularySize);
      const token = nextToken(draft, logProbs, rules, maxLength, row);
      draft.logLikelihood += logProbs[token];
      if (token === BOUNDARY) return false;
      draft.scored++;
      shiftContext(draft.context, token);
      return true;
    });
  }
}

/**
 * The next token of a draft: the prefix's while it lasts, then one drawn, then the boundary where the length
 * ends.
 */
function nextToken(
  draft: Draft,
  logProbs: Float32Array,
  rules: readonly SamplingRule[],
  maxLength: number,
  row: Float64Array,
): number {
  const length = draft.scored;
  if (length < draft.tokens.length) return draft.tokens[length];
  if (length >= maxLength) return BOUNDARY;
  row.set(logProbs);
  for (const rule of rules) rule(row, length);
  const token = draft.draw(row);
  if (token !== BOUNDARY) draft.tokens.push(token);
  return token;
}

/** Draws by inverting the cumulative distribution at one uniform number. */
function streamDraw(stream: NameStream): Draft["draw"] {
  return (row) => {
    const likeliest = row.reduce((a, b) => Math.max(a, b));
    if (likeliest === -Infinity) return BOUNDARY;
    let total = 0;
    for (let i = 0; i < row.length; i++) total += row[i] = Math.exp(row[i] - likeliest);
    let left = stream.uniform() * total;
    let token = BOUNDARY;
    for (let i = 0; i < row.length; i++) {
      if (row[i] === 0) continue;
      token = i; // kept if rounding leaves a little over after the last one
      left -= row[i];
      if (left < 0) break;
    }
    return token;
  };
}

/** Draws as `torch.multinomial` does. */
function torchDraw(generator: TorchGenerator): Draft["draw"] {
  return (row) => generator.multinomial(row.map(Math.exp));
}
