import { scoreLines } from "../../shared/bulk_scoring.ts";
import { SCORE_FORMATS, type ScoreFormat } from "../../shared/score_formats.ts";
import { Work } from "../../shared/work.ts";
import type { Registry, ServedModel } from "../inference/registry.ts";
import { problemOf } from "../problem.ts";
import { type ChunkSize, cutList } from "./cut_list.ts";
import { type Chunk, type Cut, type Failure, type Job, jobKeys, type JobMessage } from "./job.ts";
import { JobError } from "./job_error.ts";
import type { JobQueue } from "./job_queue.ts";
import { isAlive, readJob } from "./read_job.ts";
import type { JobStore } from "./job_store.ts";

/** Bytes of a list that are cut in one step: a tenth of a second of CPU time. */
const STEP_BYTES = 2 ** 25;
/** The most lines of a chunk: a result of 6 MB without characters. */
const CHUNK_LINES = 2 ** 15;
/** Bytes of a chunk whose lines are scored without their characters, and with them: a result of at most some MB. */
const CHUNK_BYTES = { without: 2 ** 18, with: 2 ** 15 };
/** Characters of a result that are encoded at a time. */
const PIECE = 2 ** 16;

/** The size of a job's chunks. It never changes while a job is under way. */
export function chunkSize({ characters }: Pick<Job, "characters">): ChunkSize {
  return { bytes: characters ? CHUNK_BYTES.with : CHUNK_BYTES.without, lines: CHUNK_LINES };
}

/**
 * Does the parts of jobs that the queue delivers. A part that is delivered twice writes the same objects twice. What of a job that
 * was cancelled or has expired is still in the queue is not done.
 */
export class JobWorker {
  readonly #registry: Registry;
  readonly #store: JobStore;
  readonly #queue: JobQueue;
  readonly #now: () => number;

  constructor(registry: Registry, store: JobStore, queue: JobQueue, now: () => number = Date.now) {
    this.#registry = registry;
    this.#store = store;
    this.#queue = queue;
    this.#now = now;
  }

  /** Does a part of a job. If it fails, it can be tried again. */
  async run(message: JobMessage): Promise<void> {
    const job = await readJob(this.#store, message.job);
    if (job === null || !isAlive(job, this.#now())) return;
    if ("cut" in message) await this.#cut(job, message.cut);
    else await this.#score(job, message.chunk);
  }

  /** Puts a part of a job aside that has failed for good, so that the rest goes on without it. */
  async putAside(message: JobMessage, reason: string): Promise<void> {
    const { job: id } = message;
    const job = await readJob(this.#store, id);
    if (job === null || !isAlive(job, this.#now())) return;
    const chunk = "chunk" in message ? message.chunk : null;
    const key = chunk === null ? jobKeys.cutFailure(id) : jobKeys.failure(id, chunk);
    await this.#store.write(key, JSON.stringify({ chunk, reason } satisfies Failure));
  }

  /** Cuts the next part of the list. */
  async #cut(job: Job, cut: Cut): Promise<void> {
    const { id, list } = job;
    const end = Math.min(cut.read + STEP_BYTES, list.bytes);
    const part = cut.read === end ? [] : await this.#store.readRange(list.key, list.etag, cut.read, end);
    const step = await cutList(cut, toAsync(part), list.bytes, chunkSize(job));
    // Written first: it is what a job is resumed from where messages were lost.
    await this.#store.write(jobKeys.cut(id, cut.step), JSON.stringify(step));
    const messages: JobMessage[] = step.chunks.map((chunk) => ({ job: id, chunk }));
    if (step.next !== null) messages.push({ job: id, cut: step.next });
    await this.#queue.send(messages);
  }

  /** Scores a chunk, unless that is done. */
  async #score(job: Job, chunk: Chunk): Promise<void> {
    const key = jobKeys.result(job.id, chunk);
    if (await this.#store.find(key) !== null) return;
    const served = await this.#model(job);
    const { key: list, etag } = job.list;
    const bytes = await this.#store.readRange(list, etag, chunk.start, chunk.end);
    await this.#store.write(key, await scores(job, served, chunk, bytes));
    const after = await readJob(this.#store, job.id);
    if (after === null || after.cancelled) await this.#store.delete([key]); // it was cancelled meanwhile
  }

  /** @throws {JobError} If the model is no longer the job's. */
  async #model({ model: { name, sha256, version } }: Job): Promise<ServedModel> {
    const served = await this.#registry.get(`${name}@${sha256}`);
    if (served.version === version) return served;
    throw new JobError(
      `model ${name} was replaced: the job began with version ${version}, version ${served.version} is served`,
    );
  }
}

/** Why a part of a job has failed, for the job's owner. */
export function reasonOf(error: Error): string {
  return error instanceof JobError ? error.message : problemOf(error).message;
}

/** The result of a chunk. */
async function scores(
  { format, characters }: Job,
  served: ServedModel,
  { firstLine, lines }: Chunk,
  bytes: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const { row }: ScoreFormat = SCORE_FORMATS[format];
  const encoder = new TextEncoder();
  const pieces: Uint8Array[] = [];
  let [text, scored] = ["", 0];
  for await (const some of scoreLines(served, bytes, { characters, firstLine, work: new Work() })) {
    for (const line of some) text += row(line);
    scored += some.length;
    if (text.length < PIECE) continue;
    pieces.push(encoder.encode(text));
    text = "";
  }
  pieces.push(encoder.encode(text));
  if (scored !== lines) throw new JobError(`${scored} lines were scored, the chunk has ${lines}`);
  return await new Blob(pieces as Uint8Array<ArrayBuffer>[]).bytes();
}

async function* toAsync(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
