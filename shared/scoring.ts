import { continueWith } from "./continue_with.ts";
import type { Cursor } from "./distribution_cache/cursor.ts";
import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { BOUNDARY, BOUNDARY_SYMBOL, type Vocabulary } from "./vocabulary.ts";
import type { Work } from "./work.ts";

/** Estimated cost of a look-up, in milliseconds. */
const LOOK_UP_MILLISECONDS = 0.1e-3;

/** The likelihood of a name. */
export interface Likelihood {
  /**
   * Sum of the log-probabilities of its characters and its closing boundary; -Infinity if its probability is 0.
   */
  logLikelihood: number;
  /** Mean negative log-likelihood of those, in nats per character; Infinity if its probability is 0. */
  nll: number;
  /** exp(nll): the mean number of equally likely characters that the model chose from. */
  perplexity: number;
}

/** The likelihood of one character of a name. */
export interface CharacterScore {
  /** The characters that the model saw before it, with boundaries as '.'. */
  context: string;
  /** The character; '.' for the closing boundary. */
  character: string;
  /** From 0 to 1. */
  probability: number;
  /** -ln(probability), Infinity for probability 0. */
  nll: number;
}

/** The likelihood of a name and of each of its characters. */
export interface Score extends Likelihood {
  /** The name as the vocabulary reads it. */
  name: string;
  characters: CharacterScore[];
}

/**
 * NLL and perplexity from a sum of log-probabilities.
 *
 * @param logLikelihood The sum, in nats.
 * @param count The number of log-probabilities in the sum: the name's characters and its closing boundary.
 */
export function likelihood(logLikelihood: number, count: number): Likelihood {
  const nll = -logLikelihood / count;
  return { logLikelihood, nll, perplexity: Math.exp(nll) };
}

/**
 * Scores one name, character by character.
 *
 * @throws {UnknownCharacterError} If the name has a character that is not in the vocabulary.
 */
export async function score(
  cache: DistributionCache,
  vocabulary: Vocabulary,
  name: string,
): Promise<Score> {
  return await scoreTokens(cache, vocabulary, vocabulary.encode(name));
}

/** Scores the name with these tokens, without boundaries; where the model is run, returns a promise. */
export function scoreTokens(
  cache: DistributionCache,
  vocabulary: Vocabulary,
  tokens: readonly number[],
  work?: Work,
): Score | Promise<Score> {
  return continueWith(
    logProbsOfWords(cache, [tokens], work),
    ([logProbs]) => describeScore(vocabulary, cache.contextLength, tokens, logProbs),
  );
}

/**
 * The score of a name from the log-probabilities of its positions.
 *
 * @param contextLength The number of tokens that the model sees; null: all of them.
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
 * The log-probabilities of the tokens of some words, and of the boundary that closes each. The model is asked for all misses
 * together.
 *
 * @param words The tokens of each word, without boundaries.
 * @param work Counts the cost, and says when to pause.
 * @returns One array for each word; where the model is run, a promise of them.
 * @throws {WorkLimitError} If more positions have to be computed than the work may have.
 */
export function logProbsOfWords(
  cache: DistributionCache,
  words: readonly (readonly number[])[],
  work?: Work,
): number[][] | Promise<number[][]> {
  const cursor = cache.cursor();
  const logProbs = words.map((): number[] => []);
  const continueWord = (i: number): boolean => {
    const before = logProbs[i].length;
    const complete = continueLogProbs(cursor, words[i], logProbs[i]);
    work?.addEffort((logProbs[i].length - before) * LOOK_UP_MILLISECONDS);
    return complete;
  };
  const complete = async (waiting: readonly number[]) => {
    while (waiting.length > 0) {
      await work?.pause();
      const wanted = waiting.map((i) => ({
        tokens: words[i],
        from: logProbs[i].length,
        to: words[i].length,
      }));
      await cache.ask(wanted, work);
      waiting = waiting.filter((i) => !continueWord(i));
    }
    return logProbs;
  };
  const waiting = Array.from(words.keys()).filter((i) => !continueWord(i));
  return waiting.length > 0 ? complete(waiting) : logProbs;
}

/**
 * Appends the log-probabilities of a word's next tokens until the cache misses.
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
