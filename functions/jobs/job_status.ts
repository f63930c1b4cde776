import { type CutStep, type Failure, type Job, jobKeys, parseChunkKey } from "./job.ts";
import type { JobStore } from "./job_store.ts";
import { isAlive } from "./read_job.ts";

/** The most failures that a status describes. */
const MAX_DESCRIBED_FAILURES = 20;

/** How many chunks or lines of a job are done. */
export interface Progress {
  /** Null until the list is cut. */
  total: number | null;
  done: number;
  failed: number;
}

/** How far a job is. */
export interface JobStatus {
  /**
   * cutting: its list is being cut; scoring: chunks are being scored; done: each chunk is scored or has failed; failed: the list
   * cannot be cut; cancelled and expired: its results are gone.
   */
  state: "cutting" | "scoring" | "done" | "failed" | "cancelled" | "expired";
  chunks: Progress;
  lines: Progress;
  failures: Failure[];
}

/** Finds out how far a job is, by what its bucket has: a listing for each thousand chunks. */
export async function jobStatus(store: JobStore, job: Job, now: number): Promise<JobStatus> {
  const { id } = job;
  const chunks: Progress = { total: null, done: 0, failed: 0 };
  const lines: Progress = { total: null, done: 0, failed: 0 };
  const failures: Failure[] = [];
  const status = (state: JobStatus["state"]): JobStatus => ({ state, chunks, lines, failures });
  if (!isAlive(job, now)) return status(job.cancelled ? "cancelled" : "expired");
  const scored = new Set<number>();
  for await (const { key } of store.list(jobKeys.results(id))) {
    const chunk = parseChunkKey(key);
    scored.add(chunk.index);
    chunks.done++;
    lines.done += chunk.lines;
  }
  for await (const { key } of store.list(jobKeys.failures(id))) {
    const chunk = parseChunkKey(key);
    if (scored.has(chunk.index)) continue; // a later attempt succeeded
    chunks.failed++;
    lines.failed += chunk.lines;
    if (failures.length < MAX_DESCRIBED_FAILURES) failures.push(...await readFailure(store, key));
  }
  const cutFailure = await readFailure(store, jobKeys.cutFailure(id));
  if (cutFailure.length > 0) {
    failures.unshift(...cutFailure);
    return status("failed");
  }
  const end = await endOfCut(store, id);
  if (end === null) return status("cutting");
  chunks.total = end.chunks;
  lines.total = end.lines;
  return status(chunks.done + chunks.failed < end.chunks ? "scoring" : "done");
}

async function readFailure(store: JobStore, key: string): Promise<Failure[]> {
  const text = await store.readText(key);
  return text === null ? [] : [JSON.parse(text) as Failure];
}

/** The steps of cutting a list that are done. */
export async function* cutSteps(store: JobStore, job: string): AsyncGenerator<CutStep> {
  for await (const { key } of store.list(jobKeys.cuts(job))) {
    yield JSON.parse((await store.readText(key))!) as CutStep;
  }
}

/** How many chunks and lines a list has; null if it is not cut to its end. */
async function endOfCut(store: JobStore, job: string): Promise<{ chunks: number; lines: number } | null> {
  const keys: string[] = [];
  for await (const { key } of store.list(jobKeys.cuts(job))) keys.push(key);
  let last: CutStep | undefined;
  // The last step may have found no chunk's end.
  for (const key of keys.reverse()) {
    const step = JSON.parse((await store.readText(key))!) as CutStep;
    last ??= step;
    if (last.next !== null) return null;
    const chunk = step.chunks.at(-1);
    if (chunk !== undefined) return { chunks: chunk.index + 1, lines: chunk.firstLine + chunk.lines - 1 };
  }
  return last === undefined ? null : { chunks: 0, lines: 0 };
}
