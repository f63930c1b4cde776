import type { ScoreFormatName } from "../../shared/score_formats.ts";

/** A list to score, too long for one request. It is kept as `job.json`. */
export interface Job {
  id: string;
  /** When it was made and when it ends, in milliseconds since 1970. */
  created: number;
  expires: number;
  /** The object with the list, and its version: another one is not scored. */
  list: { key: string; etag: string; bytes: number };
  /** The model, by its file and the version of its card: another one does not go on with the job. */
  model: { name: string; sha256: string; version: string };
  format: ScoreFormatName;
  characters: boolean;
  cancelled: boolean;
}

/** Some whole lines of a list. */
export interface Chunk {
  /** Its place among the chunks, from 0. */
  index: number;
  /** Its bytes in the list, the end not included. */
  start: number;
  end: number;
  /** The number of its first line, from 1, and how many lines it has. */
  firstLine: number;
  lines: number;
}

/** How far a list has been cut. */
export interface Cut {
  /** How many times a part of the list was read. */
  step: number;
  /** How many bytes were read. */
  read: number;
  /** The chunk whose end has not been found; it goes on to {@link read}. */
  open: Chunk;
}

/** What was found in one step. */
export interface CutStep {
  chunks: Chunk[];
  /** Null at the end of the list. */
  next: Cut | null;
}

/** The parts of a job that are done one by one, each as a message of the queue. Doing one twice changes nothing. */
export type JobMessage =
  | { job: string; cut: Cut }
  | { job: string; chunk: Chunk };

/** Why a chunk has no scores. */
export interface Failure {
  /** Null where the list could not be cut. */
  chunk: Chunk | null;
  reason: string;
}

/** Where objects of jobs are. */
const ROOT = "jobs/";
/** Digits of an index in a key, so that keys are in the order of the chunks. */
const DIGITS = 8;

const padded = (number: number) => String(number).padStart(DIGITS, "0");

/** The keys of a job's objects. */
export const jobKeys = {
  all: (job: string) => `${ROOT}${job}/`,
  record: (job: string) => `${ROOT}${job}/job.json`,
  list: (job: string) => `${ROOT}${job}/list`,
  cuts: (job: string) => `${ROOT}${job}/cuts/`,
  cut: (job: string, step: number) => `${ROOT}${job}/cuts/${padded(step)}`,
  /** Where the list could not be cut, there is a failure of this key. */
  cutFailure: (job: string) => `${ROOT}${job}/cut-failure`,
  results: (job: string) => `${ROOT}${job}/results/`,
  failures: (job: string) => `${ROOT}${job}/failures/`,
  /** The number of lines is in the key, so that a listing tells the progress. */
  result: (job: string, { index, lines }: Chunk) => `${ROOT}${job}/results/${padded(index)}-${lines}`,
  failure: (job: string, { index, lines }: Chunk) => `${ROOT}${job}/failures/${padded(index)}-${lines}`,
  /** What is before the key of a chunk, of which only the index is known, and after those of the chunks before. */
  before: (directory: string, index: number) => `${directory}${padded(index)}`,
};

/** Reads index and number of lines from the key of a result or a failure. */
export function parseChunkKey(key: string): { index: number; lines: number } {
  const [index, lines] = key.slice(key.lastIndexOf("/") + 1).split("-").map(Number);
  return { index, lines };
}
