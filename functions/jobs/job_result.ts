import { csvRow } from "../../shared/csv.ts";
import { SCORE_FORMATS, type ScoreFormatName } from "../../shared/score_formats.ts";
import { type Failure, type Job, jobKeys, parseChunkKey } from "./job.ts";
import type { JobStore } from "./job_store.ts";

/** Chunks of a page of a result. Each is a request to R2, of which a Worker may make 1,000 for a response, or more by its plan. */
export const PAGE_CHUNKS = 900;

/**
 * The result of a job that is done, or a page of it: the scores of all lines, in order. For a chunk that has failed there is one line
 * in place of all of them, which says why.
 *
 * @param first The index of the first chunk.
 */
export async function* jobResult(store: JobStore, job: Job, first: number): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const keys = new Map<number, string>();
  // Results replace failures: a later attempt succeeded.
  for (const directory of [jobKeys.failures(job.id), jobKeys.results(job.id)]) {
    for await (const { key } of store.list(directory, jobKeys.before(directory, first))) {
      const { index } = parseChunkKey(key);
      if (index >= first + PAGE_CHUNKS) break;
      keys.set(index, key);
    }
  }
  if (first === 0) yield encoder.encode(SCORE_FORMATS[job.format].head);
  for (const index of [...keys.keys()].sort((a, b) => a - b)) {
    const key = keys.get(index)!;
    const stream = await store.read(key);
    if (stream === null) throw new Error(`${key} is missing`);
    if (key.startsWith(jobKeys.results(job.id))) yield* stream;
    else yield encoder.encode(failureRow(await new Response(stream).json(), job.format));
  }
}

/** The line in place of a chunk's lines. */
function failureRow({ chunk, reason }: Failure, format: ScoreFormatName): string {
  const { firstLine: line, lines } = chunk!;
  const detail = `lines ${line} to ${line + lines - 1} are not scored: ${reason}`;
  if (format === "csv") return csvRow([line, null, null, null, null, null, null, detail]);
  const error = { type: "urn:edgemore:problem:failed-chunk", title: "Failed chunk", detail };
  return `${JSON.stringify({ line, lines, error })}\n`;
}
