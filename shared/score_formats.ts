import { InvalidNameError, type ScoredLine, type UnscoredName } from "./bulk_scoring.ts";
import { csvRow } from "./csv.ts";

/** Why a name has no score, in JSON. */
export interface Refusal {
  type: string;
  title: string;
  detail: string;
}

/** How scored lines are written. */
export interface ScoreFormat {
  /** What stands before the first line. */
  head: string;
  /** The text of a line, with its end. Lines that failed for another reason than their names are not written. */
  row(line: ScoredLine): string;
}

/** The formats of scored lines, by their names. */
export const SCORE_FORMATS = {
  ndjson: {
    head: "",
    row: ({ line, result }) =>
      `${
        JSON.stringify(
          "error" in result ? { line, name: result.name, error: refusalOf(result.error) } : result,
        )
      }\n`,
  },
  csv: {
    head: csvRow(["line", "name", "possible", "log_likelihood", "nll", "perplexity", "percentile", "error"]),
    row: ({ line, result }) => {
      if ("error" in result) {
        return csvRow([line, result.name, null, null, null, null, null, refusalOf(result.error).detail]);
      }
      const { name, possible, log_likelihood, nll, perplexity, percentile } = result;
      return csvRow([line, name, possible, log_likelihood, nll, perplexity, percentile, null]);
    },
  },
} satisfies Record<string, ScoreFormat>;

/** The name of a format. */
export type ScoreFormatName = keyof typeof SCORE_FORMATS;

/** Type and title of an {@link InvalidNameError}. */
export const INVALID_NAME = { type: "urn:edgemore:problem:invalid-name", title: "Invalid text" } as const;

/**
 * Describes why a name has no score.
 *
 * @throws The error itself if it is not the name's fault.
 */
export function refusalOf(error: UnscoredName["error"]): Refusal {
  if (!(error instanceof InvalidNameError)) throw error;
  return { ...INVALID_NAME, detail: error.message };
}
