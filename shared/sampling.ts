import { DistributionCache, UNKNOWN } from "./distribution_cache.ts";
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
  tokens: number[];
  logLikelihood: number;
  /** Draws the token after a row. */
  draw: Draw;
}

/** Draws a token from a row of the cache, for a name that has `length` characters so far. */
type Draw = (row: number, length: number) => number;

/**
 * Makes names with a language model.
 *
 * A name is drawn as far as the rows that are known go; then all drafts of a batch that wait for a row wait for the
 * same run of the model. Where all rows are known, no model is asked.
 *
 * @returns `n` names; fewer only with `unique`, when {@link DRAWS_PER_UNIQUE_NAME} draws for each did not find them.
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
  const cache = DistributionCache.over(model);
  const prefix = vocabulary.encode(options.prefix ?? "");
  const torch = draws === "torch" ? new TorchGenerator(seed) : undefined;
  // One torch generator serves all names, so the next name cannot begin before the last one has ended.
  const batchNames = torch ? 1 : BATCH_NAMES;

  const names: SampledName[] = [];
  const seen = new Set<string>();
  const mostDraws = unique ? n * DRAWS_PER_UNIQUE_NAME : n;
  for (let index = 0; index < mostDraws && names.length < n;) {
    const batch = Math.min(batchNames, n - names.length, mostDraws - index);
    const drafts: Draft[] = [];
    for (let i = 0; i < batch; i++, index++) {
      const draw = torch
        ? torchDraw(cache, torch, options)
        : streamDraw(cache, new NameStream(seed, index), options);
      drafts.push({ tokens: [], logLikelihood: 0, draw });
    }
    await complete(drafts, cache, prefix, maxLength);
    for (const { tokens, logLikelihood } of drafts) {
      const name = vocabulary.decode(tokens);
      if (unique) {
        if (seen.has(name)) continue;
        seen.add(name);
      }
      names.push({ name, ...likelihood(logLikelihood, tokens.length + 1) });
    }
  }
  return names;
}

/** Takes drafts to their ends. */
async function complete(
  drafts: readonly Draft[],
  cache: DistributionCache,
  prefix: readonly number[],
  maxLength: number,
): Promise<void> {
  let open = drafts.filter((draft) => !draw(draft, cache, prefix, maxLength));
  while (open.length > 0) {
    const n = cache.contextLength;
    const contexts = new Int32Array(open.length * n);
    open.forEach(({ tokens }, i) => {
      const last = tokens.slice(-n);
      contexts.set(last, (i + 1) * n - last.length);
    });
    await cache.ask(contexts);
    open = open.filter((draft) => !draw(draft, cache, prefix, maxLength));
  }
}

/**
 * Goes on with a draft as long as rows are known: the prefix first, then what is drawn, then the boundary where the
 * length ends.
 *
 * @returns Whether it has come to its end.
 */
function draw(draft: Draft, cache: DistributionCache, prefix: readonly number[], maxLength: number): boolean {
  const { tokens } = draft;
  let row = cache.findAfter(tokens);
  while (row !== UNKNOWN) {
    const length = tokens.length;
    const token = length < prefix.length
      ? prefix[length]
      : length >= maxLength
      ? BOUNDARY
      : draft.draw(row, length);
    draft.logLikelihood += cache.logProb(row, token);
    if (token === BOUNDARY) return true;
    tokens.push(token);
    row = cache.advance(row, tokens);
  }
  return false;
}

/** The rules that some options ask for beyond a fewest length, in the order in which they apply. */
function shapingRules({ temperature: degree, topK: k, topP: p }: SamplingOptions): SamplingRule[] {
  const rules: SamplingRule[] = [];
  if (degree !== undefined && degree !== 1) rules.push(temperature(degree));
  if (k !== undefined) rules.push(topK(k));
  if (p !== undefined) rules.push(topP(p));
  return rules;
}

/** Draws from a stream. Where no rule shapes the distribution, the cache's own rows are drawn from. */
function streamDraw(cache: DistributionCache, stream: NameStream, options: SamplingOptions): Draw {
  const minLength = options.minLength ?? 1;
  const rules = shapingRules(options);
  if (rules.length === 0) {
    return (row, length) => {
      const token = cache.draw(row, stream.uniform(), length < minLength ? BOUNDARY + 1 : BOUNDARY);
      return token === UNKNOWN ? BOUNDARY : token;
    };
  }
  rules.unshift(minimumLength(minLength));
  return (row, length) => {
    const logProbs = Float64Array.from(cache.logProbsOf(row));
    for (const rule of rules) rule(logProbs, length);
    return drawFrom(logProbs, stream.uniform());
  };
}

/** Draws as `torch.multinomial` does. */
function torchDraw(cache: DistributionCache, generator: TorchGenerator, options: SamplingOptions): Draw {
  const rules = [minimumLength(options.minLength ?? 1), ...shapingRules(options)];
  return (row, length) => {
    const logProbs = Float64Array.from(cache.logProbsOf(row));
    for (const rule of rules) rule(logProbs, length);
    return generator.multinomial(logProbs.map(Math.exp));
  };
}

/** Draws by inverting a cumulative distribution; where nothing is possible, the name ends. */
function drawFrom(logProbs: Float64Array, uniform: number): number {
  const likeliest = logProbs.reduce((a, b) => Math.max(a, b));
  if (likeliest === -Infinity) return BOUNDARY;
  const weights = logProbs.map((logProb) => Math.exp(logProb - likeliest));
  let left = uniform * weights.reduce((a, b) => a + b);
  let last = BOUNDARY;
  for (let token = 0; token < weights.length; token++) {
    if (weights[token] === 0) continue;
    last = token; // kept if rounding leaves a little over after the last one
    left -= weights[token];
    if (left < 0) break;
  }
  return last;
}
