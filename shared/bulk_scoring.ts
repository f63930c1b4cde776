import { type Line, LineSplitter } from "./lines.ts";
import { MAX_NAME_LENGTH } from "./name_length.ts";
import { fullScoreRecord, type ScoreRecord, scoreRecord, type ScoringModel } from "./score_record.ts";
import { describeScore, likelihood, logProbsOfWords } from "./scoring.ts";
import { UnknownCharacterError, type Vocabulary } from "./vocabulary.ts";

/** Most characters of the names that are scored at once: they fill a batch of the model, and take little memory. */
const BATCH_CHARACTERS = 4096;

/** How names are scored. */
export interface BulkOptions {
  /** Tell of each character too. Default true. */
  characters?: boolean;
}

/** What stands in the place of a name that cannot be scored. The error is a problem as RFC 9457 describes one. */
export interface RefusedName {
  name: string;
  error: { type: string; title: string; detail: string };
}

/** A line of a text and what came of it. */
export interface ScoredLine {
  /** Which line, from 1. */
  line: number;
  result: ScoreRecord | RefusedName;
}

/**
 * Scores names side by side: rows of the model that are known are looked up, and all others asked for in one run.
 *
 * @returns For each name its record, or why it has none: it is empty, too long, or has a character that the model does
 * not know.
 */
export async function scoreNames(
  scoring: ScoringModel,
  names: readonly string[],
  { characters = true }: BulkOptions = {},
): Promise<(ScoreRecord | RefusedName)[]> {
  const { model, vocabulary } = scoring;
  const read = names.map((name) => readName(scoring, name));
  const words = read.filter((tokens) => Array.isArray(tokens));
  const logProbs = await logProbsOfWords(model, words);
  let word = 0;
  return read.map((tokens) => {
    if (!Array.isArray(tokens)) return tokens;
    const along = logProbs[word++];
    if (characters) {
      return fullScoreRecord(scoring, describeScore(vocabulary, model.contextLength, tokens, along));
    }
    const total = likelihood(along.reduce((sum, logProb) => sum + logProb, 0), along.length);
    return scoreRecord(scoring, { name: vocabulary.decode(tokens), ...total });
  });
}

/**
 * Scores the lines of a text, batch by batch as its bytes come, in bounded memory. A line that cannot be scored is
 * answered with an error, and the rest goes on.
 *
 * @param chunks The bytes of the text, UTF-8.
 * @yields What came of some lines, in order, each line once.
 */
export async function* scoreLines(
  scoring: ScoringModel,
  chunks: AsyncIterable<Uint8Array>,
  options?: BulkOptions,
): AsyncGenerator<ScoredLine[]> {
  const splitter = new LineSplitter();
  const score = async (lines: Line[]): Promise<ScoredLine[]> => {
    // A line that is cut is too long for a name; its beginning is all that an error needs.
    const results = await scoreNames(scoring, lines.map(({ text }) => text), options);
    return results.map((result, i) => ({ line: lines[i].number, result }));
  };
  const lengthOf = ({ text }: Line) => text.length;
  for await (const chunk of chunks) {
    for (const lines of inBatches(splitter.push(chunk), lengthOf)) yield await score(lines);
  }
  for (const lines of inBatches(splitter.end(), lengthOf)) yield await score(lines);
}

/** Puts things together that have {@link BATCH_CHARACTERS} characters, or a little more. */
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

/** The tokens of a name, or why it cannot be scored. */
function readName({ card, vocabulary }: ScoringModel, name: string): number[] | RefusedName {
  if (!name.isWellFormed() || !hasNameLength(name)) {
    return refuse(name, `must be 1 to ${MAX_NAME_LENGTH} characters of Unicode text`);
  }
  try {
    return vocabulary.encode(name);
  } catch (error) {
    if (!(error instanceof UnknownCharacterError)) throw error;
    return refuse(name, unknownCharacter(error, card.name, vocabulary));
  }
}

/** What is wrong with a text that has a character which a model does not know. */
export function unknownCharacter(
  { character, position }: UnknownCharacterError,
  model: string,
  vocabulary: Vocabulary,
): string {
  return `has the character ${JSON.stringify(character)} at position ${position}, ` +
    `which model ${model} does not know: it knows ${vocabulary.description}`;
}

function hasNameLength(name: string): boolean {
  // Normalization makes a text three times as long at most.
  if (name.length > 0 && 3 * name.length <= MAX_NAME_LENGTH) return true;
  const length = Array.from(name.normalize("NFC")).length;
  return length >= 1 && length <= MAX_NAME_LENGTH;
}

function refuse(name: string, reason: string): RefusedName {
  const shown = Array.from(name.toWellFormed());
  return {
    name: shown.length > MAX_NAME_LENGTH ? `${shown.slice(0, MAX_NAME_LENGTH).join("")}…` : shown.join(""),
    error: { type: "urn:edgemore:problem:invalid-name", title: "Invalid name", detail: `name ${reason}` },
  };
}
