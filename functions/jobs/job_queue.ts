import type { JobMessage } from "./job.ts";

/** Takes messages that {@link JobWorker} is given later: each at least once, in any order. */
export interface JobQueue {
  send(messages: readonly JobMessage[]): Promise<void>;
}
