import type { DistributionCache } from "./distribution_cache/distribution_cache.ts";
import { shareAbove } from "./quantiles.ts";
import type { Score } from "./scoring.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A model with everything needed to score names and to rank the scores among those of real names. */
export interface ScoringModel {
  card: { name: string };
  vocabulary: Vocabulary;
  cache: DistributionCache;
  /** The quantiles of the NLL of real names, from the model's card, in ascending order. */
  quantiles: readonly number[];
}

/** A score as JSON: infinite numbers are null. */
export interface ScoreRecord {
  model: string;
  name: string;
  possible: boolean;
  log_likelihood: number | null;
  nll: number | null;
  perplexity: number | null;
  percentile: number;
  characters?: { context: string; character: string; probability: number; nll: number | null }[];
}

/** A score with all of its characters. */
export type FullScoreRecord = Required<ScoreRecord>;

/** Replaces infinity and NaN, which JSON does not have, by null. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** The record of a score, with its characters. */
export function fullScoreRecord(scoring: ScoringModel, scored: Score): FullScoreRecord {
  return {
    ...scoreRecord(scoring, scored),
    characters: scored.characters.map(({ context, character, probability, nll }) => ({
      context,
      character,
      probability,
      nll: finiteOrNull(nll),
    })),
  };
}

/** The record of a score without its characters. */
export function scoreRecord(
  { card, quantiles }: ScoringModel,
  { name, logLikelihood, nll, perplexity }: Omit<Score, "characters">,
): ScoreRecord {
  return {
    model: card.name,
    name,
    possible: logLikelihood !== -Infinity,
    log_likelihood: finiteOrNull(logLikelihood),
    nll: finiteOrNull(nll),
    perplexity: finiteOrNull(perplexity),
    percentile: 100 * shareAbove(quantiles, nll),
  };
}
