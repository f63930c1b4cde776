import { slideContexts } from "./context.ts";
import { DistributionCache } from "./distribution_cache.ts";
import type { LanguageModel } from "./language_model.ts";
import { BOUNDARY, BOUNDARY_SYMBOL, type Vocabulary } from "./vocabulary.ts";
import type { Work } from "./work.ts";

/** Most contexts that are sent to a model at once: enough to fill a batch, little memory. */
const BATCH_CONTEXTS = 4096;
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
export function score(model: LanguageModel, vocabulary: Vocabulary, name: string): Promise<Score> {
  return scoreTokens(model, vocabulary, vocabulary.encode(name));
}

/** Scores the name that some tokens make, without boundaries. */
export async function scoreTokens(
  model: LanguageModel,
  vocabulary: Vocabulary,
  tokens: readonly number[],
  work?: Work,
): Promise<Score> {
  const [logProbs] = await logProbsOfWords(model, [tokens], work);
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
 * The log-probabilities of the tokens of some words, and of the boundary that closes each. Rows that are remembered are
 * looked up; all others are asked for together.
 *
 * @param words The tokens of each word, without boundaries.
 * @param work What the cost is counted to, and what says when to let others run.
 * @throws {WorkLimitError} If more rows have to be computed than the work may have.
 */
export async function logProbsOfWords(
  model: LanguageModel,
  words: readonly (readonly number[])[],
  work?: Work,
): Promise<number[][]> {
  const cache = DistributionCache.over(model);
  const logProbs = words.map((): number[] => []);
  const continueWord = (i: number): boolean => {
    const before = logProbs[i].length;
    const complete = cache.continueLogProbs(words[i], logProbs[i]);
    work?.addEffort((logProbs[i].length - before) * LOOK_UP_MILLISECONDS);
    return complete;
  };
  let waiting = Array.from(words.keys()).filter((i) => !continueWord(i));
  while (waiting.length > 0) {
    await work?.pause();
    await cache.ask(contextsToCome(cache, waiting.map((i) => [words[i], logProbs[i].length])), work);
    waiting = waiting.filter((i) => !continueWord(i));
  }
  return logProbs;
}

/**
 * The contexts that words still need, at most as many as one run answers.
 *
 * @param words The tokens of each word, and how many of its positions are done.
 * @returns [count, contextLength]
 */
function contextsToCome(
  { contextLength, maxRunContexts }: DistributionCache,
  words: readonly (readonly [tokens: readonly number[], done: number])[],
): Int32Array {
  const toCome = words.reduce((sum, [tokens, done]) => sum + tokens.length + 1 - done, 0);
  const contexts = new Int32Array(Math.min(toCome, maxRunContexts) * contextLength);
  let start = 0;
  for (const [tokens, done] of words) {
    for (let position = done; position <= tokens.length; position++, start += contextLength) {
      if (start === contexts.length) return contexts;
      const seen = tokens.slice(Math.max(0, position - contextLength), position);
      contexts.set(seen, start + contextLength - seen.length);
    }
  }
  return contexts;
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
