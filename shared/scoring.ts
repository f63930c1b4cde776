import type { Cursor } from "./distribution_cache/cursor.ts";
import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { BOUNDARY, BOUNDARY_SYMBOL, type Vocabulary } from "./vocabulary.ts";
import type { Work } from "./work.ts";

/** What it costs about to look up one position, in milliseconds. */
const LOOK_UP_MILLISECONDS = 0.1e-3;

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
export function score(cache: DistributionCache, vocabulary: Vocabulary, name: string): Promise<Score> {
  return scoreTokens(cache, vocabulary, vocabulary.encode(name));
}

/** Scores the name that some tokens make, without boundaries. */
export async function scoreTokens(
  cache: DistributionCache,
  vocabulary: Vocabulary,
  tokens: readonly number[],
  work?: Work,
): Promise<Score> {
  const [logProbs] = await logProbsOfWords(cache, [tokens], work);
  return describeScore(vocabulary, cache.contextLength, tokens, logProbs);
}

/**
 * A score, character by character.
 *
 * @param contextLength How many tokens back the model sees; null: all of them.
 * @param logProbs The log-probabilities of the name's tokens and of the boundary that closes it.
 */
export function describeScore(
  vocabulary: Vocabulary,
  contextLength: number | null,
  tokens: readonly number[],
  logProbs: readonly number[],
): Score {
  let logLikelihood = 0;
  let context = BOUNDARY_SYMBOL.repeat(contextLength ?? 1);
  const characters = logProbs.map((logProb, i): CharacterScore => {
    logLikelihood += logProb;
    const before = context;
    const character = vocabulary.symbol(i < tokens.length ? tokens[i] : BOUNDARY);
    const oldest = contextLength === null ? 0 : context.codePointAt(0)! > 0xffff ? 2 : 1; // UTF-16 units
    context = context.slice(oldest) + character;
    return { context: before, character, probability: Math.exp(logProb), nll: 0 - logProb };
  });
  const { nll, perplexity } = likelihood(logLikelihood, logProbs.length);
  return { name: vocabulary.decode(tokens), logLikelihood, nll, perplexity, characters };
}

/**
 * The log-probabilities of the tokens of some words, and of the boundary that closes each. What is remembered is looked up; all
 * else is asked for together.
 *
 * @param words The tokens of each word, without boundaries.
 * @param work What the cost is counted to, and what says when to let others run.
 * @throws {WorkLimitError} If more positions have to be computed than the work may have.
 */
export async function logProbsOfWords(
  cache: DistributionCache,
  words: readonly (readonly number[])[],
  work?: Work,
): Promise<number[][]> {
  const cursor = cache.cursor();
  const logProbs = words.map((): number[] => []);
  const continueWord = (i: number): boolean => {
    const before = logProbs[i].length;
    const complete = continueLogProbs(cursor, words[i], logProbs[i]);
    work?.addEffort((logProbs[i].length - before) * LOOK_UP_MILLISECONDS);
    return complete;
  };
  let waiting = Array.from(words.keys()).filter((i) => !continueWord(i));
  while (waiting.length > 0) {
    await work?.pause();
    const wanted = waiting.map((i) => ({ tokens: words[i], from: logProbs[i].length, to: words[i].length }));
    await cache.ask(wanted, work);
    waiting = waiting.filter((i) => !continueWord(i));
  }
  return logProbs;
}

/**
 * Appends the log-probabilities of a word's next tokens, as far as the cache knows them.
 *
 * @returns Whether they are complete.
 */
function continueLogProbs(cursor: Cursor, tokens: readonly number[], logProbs: number[]): boolean {
  let length = logProbs.length;
  let known = cursor.seek(tokens, length);
  while (known) {
    cursor.choose(length < tokens.length ? tokens[length] : BOUNDARY);
    logProbs.push(cursor.logProb);
    if (length++ === tokens.length) return true;
    known = cursor.advance(tokens, length);
  }
  return false;
}
