/*
 * What the API answers, as far as the page reads it.
 */

/** `GET /generate`. */
export interface Names {
  model: string;
  seed: number;
  names: { name: string; perplexity: number | null }[];
  shortfall?: string;
}

/** `GET /score`. */
export interface Score {
  model: string;
  name: string;
  possible: boolean;
  nll: number | null;
  perplexity: number | null;
  percentile: number;
  characters: ScoredCharacter[];
}

/** A character of a scored name; '.' is its end. */
export interface ScoredCharacter {
  character: string;
  probability: number;
  nll: number | null;
}

/** `GET /next`. */
export interface Next {
  prefix: string;
  next: { character: string; probability: number }[];
}

/** `GET /health`. */
export interface Health {
  default_model: string;
}
