import type { ServedModel } from "../inference/registry.ts";
import { FIRST_CUT } from "./cut_list.ts";
import { type Job, jobKeys, type JobMessage, parseChunkKey } from "./job.ts";
import type { JobQueue } from "./job_queue.ts";
import { cutSteps, type JobStatus, jobStatus } from "./job_status.ts";
import type { JobStore } from "./job_store.ts";
import { isAlive, readJob } from "./read_job.ts";

/** How long a job and its result are kept, in days. */
export const KEPT_DAYS = 7;
const DAY = 86_400_000;
/** Keys that are deleted at a time. */
const BATCH = 1000;

/** What a new job scores, and how. */
export type JobOptions = Pick<Job, "format" | "characters"> & { model: ServedModel };

/** Lists that are scored in the background. */
export class Jobs {
  readonly store: JobStore;
  readonly #queue: JobQueue;
  readonly #now: () => number;

  /** @param now Returns the time in milliseconds since 1970. */
  constructor(store: JobStore, queue: JobQueue, now: () => number = Date.now) {
    this.store = store;
    this.#queue = queue;
    this.#now = now;
  }

  /** Makes a job of a list, which is stored first. */
  async upload(list: AsyncIterable<Uint8Array>, options: JobOptions): Promise<Job> {
    const id = crypto.randomUUID();
    const key = jobKeys.list(id);
    return await this.#start(id, { key, ...await this.store.writeStream(key, list) }, options);
  }

  /** Makes a job of an object of the bucket; null if there is none. */
  async ofObject(key: string, options: JobOptions): Promise<Job | null> {
    const found = await this.store.find(key);
    return found && await this.#start(crypto.randomUUID(), { key, ...found }, options);
  }

  async #start(id: string, list: Job["list"], { model, format, characters }: JobOptions): Promise<Job> {
    const created = this.#now();
    const { card: { name, sha256 }, version } = model;
    const job: Job = {
      id,
      created,
      expires: created + KEPT_DAYS * DAY,
      list,
      model: { name, sha256, version },
      format,
      characters,
      cancelled: false,
    };
    await this.store.write(jobKeys.record(id), JSON.stringify(job));
    await this.#queue.send([{ job: id, cut: FIRST_CUT }]);
    return job;
  }

  /** Finds a job; null if there is none. */
  async find(id: string): Promise<Job | null> {
    return await readJob(this.store, id);
  }

  async status(job: Job): Promise<JobStatus> {
    return await jobStatus(this.store, job, this.#now());
  }

  /** Cancels a job: what of it is still in the queue is not done, and its list and results are removed. */
  async cancel(job: Job): Promise<Job> {
    const record = jobKeys.record(job.id);
    const cancelled = { ...job, cancelled: true };
    await this.store.write(record, JSON.stringify(cancelled));
    await this.#deleteAll(jobKeys.all(job.id), record);
    return cancelled;
  }

  /**
   * Sends all messages again whose parts of a job are not done, as after messages were lost, or after the reason of a failure is
   * mended.
   */
  async resume(job: Job): Promise<void> {
    if (!isAlive(job, this.#now())) return;
    const { id } = job;
    await this.store.delete([jobKeys.cutFailure(id)]);
    await this.#deleteAll(jobKeys.failures(id));
    const scored = new Set<number>();
    for await (const { key } of this.store.list(jobKeys.results(id))) scored.add(parseChunkKey(key).index);
    let cut: JobMessage | null = { job: id, cut: FIRST_CUT };
    for await (const { chunks, next } of cutSteps(this.store, id)) {
      await this.#queue.send(
        chunks.filter(({ index }) => !scored.has(index)).map((chunk) => ({ job: id, chunk })),
      );
      cut = next && { job: id, cut: next };
    }
    if (cut !== null) await this.#queue.send([cut]);
  }

  /** Deletes all objects whose keys begin with a prefix, but one. */
  async #deleteAll(prefix: string, except?: string): Promise<void> {
    let keys: string[] = [];
    for await (const { key } of this.store.list(prefix)) {
      if (key !== except) keys.push(key);
      if (keys.length < BATCH) continue;
      await this.store.delete(keys);
      keys = [];
    }
    if (keys.length > 0) await this.store.delete(keys);
  }
}
