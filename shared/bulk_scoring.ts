import { type Line, LineSplitter } from "./lines.ts";
import { MAX_MARKS, MAX_NAME_LENGTH, nameLength } from "./name_length.ts";
import { fullScoreRecord, type ScoreRecord, scoreRecord, type ScoringModel } from "./score_record.ts";
import { describeScore, likelihood, logProbsOfWords } from "./scoring.ts";
import { UnknownCharacterError, type Vocabulary } from "./vocabulary.ts";
import { type Work, WorkLimitError } from "./work.ts";

/** Characters in a batch of names: enough for a full batch of the model, in little memory. */
const BATCH_CHARACTERS = 4096;
/** Estimated cost of reading a UTF-16 unit, of a record and of a character in it, in milliseconds. */
const UNIT_MILLISECONDS = 50e-6;
const RECORD_MILLISECONDS = 2e-3;
const CHARACTER_MILLISECONDS = 2e-3;

/** How names are scored. */
export interface BulkOptions {
  /** Whether records have the score of each character. Default true. */
  characters?: boolean;
  /** Counts the cost, and says when to pause. Default: neither. */
  work?: Work;
  /** Return the error for names for which the model fails. Default false: throw it. */
  continueOnError?: boolean;
  /** The number of the first line, where the text is a part of a list. Default: 1. */
  firstLine?: number;
}

/** A text cannot be scored as a name. */
export class InvalidNameError extends RangeError {
  override name = "InvalidNameError";
}

/** A name without a score. */
export interface UnscoredName {
  /** The name as it was given; only the beginning of a long one. */
  name: string;
  /** An {@link InvalidNameError}, or why the model failed. */
  error: Error;
}

/** A line of a text, scored. */
export interface ScoredLine {
  /** The line's number, from 1. */
  line: number;
  result: ScoreRecord | UnscoredName;
}

/**
 * Scores names together: the model is asked for all misses of the cache in the same runs.
 *
 * @returns A record for each name, or an error if it is empty, too long, or has a character that the model does not know.
 * @throws {WorkLimitError} If more rows have to be computed than the work may have.
 */
export async function scoreNames(
  scoring: ScoringModel,
  names: readonly string[],
  { characters = true, work, continueOnError = false }: BulkOptions = {},
): Promise<(ScoreRecord | UnscoredName)[]> {
  const { cache, vocabulary } = scoring;
  const read = names.map((name) => readName(scoring, name, work));
  const words = read.filter((tokens) => Array.isArray(tokens));
  if (characters) work?.addDescribed(words.reduce((sum, { length }) => sum + length + 1, 0));
  let logProbs: number[][];
  try {
    logProbs = await logProbsOfWords(cache, words, work);
  } catch (error) {
    if (error instanceof WorkLimitError || !continueOnError) throw error;
    return read.map((tokens, i) =>
      Array.isArray(tokens) ? { name: shown(names[i]), error: error as Error } : tokens
    );
  }
  let word = 0;
  return read.map((tokens) => {
    if (!Array.isArray(tokens)) return tokens;
    const along = logProbs[word++];
    work?.addEffort(characters ? along.length * CHARACTER_MILLISECONDS : RECORD_MILLISECONDS);
    if (characters) {
      return fullScoreRecord(scoring, describeScore(vocabulary, cache.contextLength, tokens, along));
    }
    const total = along.reduce((sum, logProb) => sum + logProb, 0);
    const { logLikelihood, nll, perplexity } = likelihood(total, along.length);
    return scoreRecord(scoring, { name: vocabulary.decode(tokens), logLikelihood, nll, perplexity });
  });
}

/**
 * Scores the lines of a text in batches as its bytes arrive, in bounded memory. A line that cannot be scored gets an error; the
 * others are scored.
 *
 * @param chunks The bytes of the text, UTF-8.
 * @param options With `continueOnError` it throws nothing: if the text breaks off, or a line exceeds the work limit, that line
 * gets the error and is the last one.
 * @yields The results of some lines. Every line occurs once, in order.
 */
export async function* scoreLines(
  scoring: ScoringModel,
  chunks: AsyncIterable<Uint8Array>,
  options: BulkOptions = {},
): AsyncGenerator<ScoredLine[]> {
  const { work, continueOnError, firstLine = 1 } = options;
  let next = { number: firstLine, text: "" };
  try {
    for await (const lines of batchesOf(chunks, firstLine)) {
      next = lines[0];
      await work?.pause();
      // A truncated line is too long for a name, and an error shows only its beginning.
      const results = await scoreNames(scoring, lines.map(({ text }) => text), options);
      yield results.map((result, i) => ({ line: lines[i].number, result }));
      next = { number: lines.at(-1)!.number + 1, text: "" };
    }
  } catch (error) {
    if (!continueOnError) throw error;
    yield [{ line: next.number, result: { name: shown(next.text), error: error as Error } }];
  }
}

/** The lines of a text, in batches. */
async function* batchesOf(chunks: AsyncIterable<Uint8Array>, firstLine: number): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(firstLine);
  const lengthOf = ({ text }: Line) => text.length;
  for await (const chunk of chunks) yield* inBatches(splitter.push(chunk), lengthOf);
  yield* inBatches(splitter.end(), lengthOf);
}

/** Groups items into batches of {@link BATCH_CHARACTERS} characters or slightly more. */
export function* inBatches<Item>(
  items: Iterable<Item>,
  lengthOf: (item: Item) => number,
): Generator<Item[]> {
  let batch: Item[] = [];
  let characters = 0;
  for (const item of items) {
    batch.push(item);
    characters += lengthOf(item) + 1;
    if (characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/** The tokens of a name, or why a model cannot score it. */
export function readName(
  { card, vocabulary }: ScoringModel,
  name: string,
  work?: Work,
): number[] | UnscoredName {
  work?.addEffort(name.length * UNIT_MILLISECONDS);
  const length = nameLength(name);
  if (!(length >= 1 && length <= MAX_NAME_LENGTH)) {
    const allowed =
      `1 to ${MAX_NAME_LENGTH} characters of Unicode with at most ${MAX_MARKS} combining marks in a row`;
    return refuse(name, `must be ${allowed}`);
  }
  try {
    return vocabulary.encode(name);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    return refuse(name, unknownCharacter(error, card.name, vocabulary));
  }
}

/** What an error says of a text with a character that a model does not know. */
export function unknownCharacter(
  { character, position }: UnknownCharacterError,
  model: string,
  vocabulary: Vocabulary,
): string {
  return `has the character ${JSON.stringify(character)} at position ${position}, ` +
    `which model ${model} does not know: it knows ${vocabulary.description}`;
}

function refuse(name: string, reason: string): UnscoredName {
  return { name: shown(name), error: new InvalidNameError(`The text ${reason}`) };
}

/** A name as it is shown in an error: only the beginning of a long one. */
function shown(name: string): string {
  // A character has at most two UTF-16 units; one more unit tells whether the name is longer.
  const characters = Array.from(name.slice(0, 2 * MAX_NAME_LENGTH + 1).toWellFormed());
  const cut = characters.length > MAX_NAME_LENGTH;
  return cut ? `${characters.slice(0, MAX_NAME_LENGTH).join("")}…` : characters.join("");
}
