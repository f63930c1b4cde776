import { type Job, jobKeys } from "./job.ts";
import type { JobStore } from "./job_store.ts";

/** Reads what is known of a job; null if there is no such job. */
export async function readJob(store: JobStore, id: string): Promise<Job | null> {
  const text = await store.readText(jobKeys.record(id));
  return text === null ? null : JSON.parse(text) as Job;
}

/** Whether a job was neither cancelled nor has expired. */
export function isAlive({ cancelled, expires }: Job, now: number): boolean {
  return !cancelled && now < expires;
}
