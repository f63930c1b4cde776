import { slideContexts } from "./context.ts";
import { DistributionCache } from "./distribution_cache.ts";
import type { LanguageModel } from "./language_model.ts";
import { BOUNDARY, BOUNDARY_SYMBOL, type Vocabulary } from "./vocabulary.ts";

/** Most contexts that are sent to a model at once: enough to fill a batch, little memory. */
const BATCH_CONTEXTS = 4096;

/** How likely a name is as a whole. */
export interface Likelihood {
  /**
   * Sum of the log-probabilities of its characters and its closing boundary; -Infinity if it is impossible.
   */
  logLikelihood: number;
  /** Mean negative log-likelihood of those, in nats a character; Infinity if it is impossible. */
  nll: number;
  /** exp(nll): among how many equally likely characters the model chose, on average. */
  perplexity: number;
}

/** How likely one character of a name is. */
export interface CharacterScore {
  /** What the model saw before it, boundaries shown as '.'. */
  context: string;
  /** The character; the closing boundary is shown as '.'. */
  character: string;
  /** From 0 to 1. */
  probability: number;
  /** -ln(probability), Infinity for probability 0. */
  nll: number;
}

/** How likely a name and each of its characters are. */
export interface Score extends Likelihood {
  /** The name as it was read. */
  name: string;
  characters: CharacterScore[];
}

/**
 * NLL and perplexity from a sum of log-probabilities.
 *
 * @param logLikelihood The sum, in nats.
 * @param count How many log-probabilities it sums: the name's characters and its closing boundary.
 */
export function likelihood(logLikelihood: number, count: number): Likelihood {
  const nll = -logLikelihood / count;
  return { logLikelihood, nll, perplexity: Math.exp(nll) };
}

/**
 * Scores one name, character by character.
 *
 * @throws {UnknownCharacterError} If the name has a character that the vocabulary has not.
 */
export function score(model: LanguageModel, vocabulary: Vocabulary, name: string): Promise<Score> {
  return scoreTokens(model, vocabulary, vocabulary.encode(name));
}

/** Scores the name that some tokens make, without boundaries. */
export async function scoreTokens(
  model: LanguageModel,
  vocabulary: Vocabulary,
  tokens: readonly number[],
): Promise<Score> {
  const known = model instanceof DistributionCache ? model.logProbsAlong(tokens) : null;
  const logProbs = known ?? (await askLogProbs(model, [tokens]))[0];
  return describeScore(vocabulary, model.contextLength, tokens, logProbs);
}

/**
 * A score, character by character.
 *
 * @param logProbs The log-probabilities of the name's tokens and of the boundary that closes it.
 */
export function describeScore(
  vocabulary: Vocabulary,
  contextLength: number,
  tokens: readonly number[],
  logProbs: readonly number[],
): Score {
  let logLikelihood = 0;
  let context = BOUNDARY_SYMBOL.repeat(contextLength);
  const characters = logProbs.map((logProb, i): CharacterScore => {
    logLikelihood += logProb;
    const before = context;
    const character = vocabulary.symbol(i < tokens.length ? tokens[i] : BOUNDARY);
    context = context.slice(context.codePointAt(0)! > 0xffff ? 2 : 1) + character;
    return { context: before, character, probability: Math.exp(logProb), nll: 0 - logProb };
  });
  const { nll, perplexity } = likelihood(logLikelihood, logProbs.length);
  return { name: vocabulary.decode(tokens), logLikelihood, nll, perplexity, characters };
}

/**
 * The log-probabilities of the tokens of some words, and of the boundary that closes each. Those of words whose rows
 * are remembered are looked up; all others are asked for in one run.
 *
 * @param words The tokens of each word, without boundaries.
 */
export async function logProbsOfWords(
  model: LanguageModel,
  words: readonly (readonly number[])[],
): Promise<number[][]> {
  const known = words.map((word) => model instanceof DistributionCache ? model.logProbsAlong(word) : null);
  const missing = words.filter((_, i) => known[i] === null);
  if (missing.length === 0) return known as number[][];
  const asked = await askLogProbs(model, missing);
  let next = 0;
  return known.map((logProbs) => logProbs ?? asked[next++]);
}

/** The log-probabilities of each word's tokens and of the boundary that closes it, in one run. */
async function askLogProbs(
  model: LanguageModel,
  words: readonly (readonly number[])[],
): Promise<number[][]> {
  const { contexts, targets } = slideContexts(words, model.contextLength);
  const rows = await model.logProbs(contexts);
  let row = 0;
  return words.map((word) =>
    Array.from({ length: word.length + 1 }, () => rows[row * model.vocabularySize + targets[row++]])
  );
}

/**
 * Scores many words, batch by batch.
 *
 * @param words The tokens of each word, without boundaries.
 * @yields One likelihood a word, in order.
 */
export async function* scoreWords(
  model: LanguageModel,
  words: readonly (readonly number[])[],
): AsyncGenerator<Likelihood> {
  let start = 0;
  while (start < words.length) {
    let end = start;
    let count = 0;
    while (end < words.length && (count === 0 || count + words[end].length < BATCH_CONTEXTS)) {
      count += words[end++].length + 1;
    }
    const { contexts, targets } = slideContexts(words.slice(start, end), model.contextLength);
    const rows = await model.logProbs(contexts);
    let row = 0;
    for (const word of words.slice(start, end)) {
      let logLikelihood = 0;
      for (let i = 0; i <= word.length; i++, row++) {
        logLikelihood += rows[row * model.vocabularySize + targets[row]];
      }
      yield likelihood(logLikelihood, word.length + 1);
    }
    start = end;
  }
}
