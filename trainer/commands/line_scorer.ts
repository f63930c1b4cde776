import { DistributionCache } from "../../shared/distribution_cache/distribution_cache.ts";
import { scoreLines } from "../../shared/bulk_scoring.ts";
import { cardQuantiles } from "../../shared/model_card.ts";
import {
  refusalOf,
  SCORE_FORMATS,
  type ScoreFormat,
  type ScoreFormatName,
} from "../../shared/score_formats.ts";
import type { ScoringModel } from "../../shared/score_record.ts";
import type { WholeLines } from "../../shared/whole_lines.ts";
import { loadModel } from "../load_model.ts";
import type { CommandLine } from "./command_line.ts";

/** Most errors that are told of some lines: as many as are printed of all. */
export const MAX_TOLD_ERRORS = 10;

/** How lines are scored. */
export interface LineScorerOptions {
  /** The directory of the models. */
  models: string;
  model: string;
  format: ScoreFormatName;
  /** Whether records have the score of each character. */
  characters: boolean;
}

/** Scores of some lines, as they are written. */
export interface WrittenScores {
  /** Their text, in UTF-8. */
  text: Uint8Array<ArrayBuffer>;
  lines: number;
  /** How many of the lines have errors. */
  bad: number;
  /** The first errors, at most {@link MAX_TOLD_ERRORS}. */
  errors: { line: number; detail: string }[];
  /** How many bytes of the list are scored with these. */
  end: number;
}

/** Scores whole lines. Lines that it is given before it is done wait. */
export interface LineScorer {
  score(lines: WholeLines): Promise<WrittenScores>;
}

/**
 * Opens a model to score lines with it, on this thread.
 *
 * @throws {Error} If the model cannot be loaded.
 */
export async function openLineScorer(
  options: LineScorerOptions,
  openLanguageModel: CommandLine["openLanguageModel"],
): Promise<LineScorer> {
  const model = await loadModel(options.models, options.model);
  const { card, vocabulary } = model;
  const cache = new DistributionCache(await openLanguageModel(model));
  const scoring = { card, vocabulary, cache, quantiles: cardQuantiles(card) };
  return { score: (lines) => writeScores(scoring, lines, options) };
}

async function writeScores(
  scoring: ScoringModel,
  { bytes, firstLine, end }: WholeLines,
  { format, characters }: LineScorerOptions,
): Promise<WrittenScores> {
  const { row }: ScoreFormat = SCORE_FORMATS[format];
  const written: WrittenScores = { text: new Uint8Array(), lines: 0, bad: 0, errors: [], end };
  let text = "";
  for await (const lines of scoreLines(scoring, oneChunk(bytes), { characters, firstLine })) {
    text += lines.map(row).join("");
    written.lines += lines.length;
    for (const { line, result } of lines) {
      if (!("error" in result)) continue;
      written.bad++;
      if (written.errors.length === MAX_TOLD_ERRORS) continue;
      written.errors.push({ line, detail: refusalOf(result.error).detail });
    }
  }
  written.text = new TextEncoder().encode(text);
  return written;
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
