import type { JobMessage } from "../../jobs/job.ts";
import type { JobQueue } from "../../jobs/job_queue.ts";
import { type JobWorker, reasonOf } from "../../jobs/job_worker.ts";

/** Cloudflare's binding of a queue that the Worker sends to, declared in wrangler.toml. */
export interface QueueBinding {
  sendBatch(messages: { body: JobMessage }[]): Promise<unknown>;
}

/** Messages that a queue delivers together. */
export interface MessageBatch {
  /** The queue's name. */
  readonly queue: string;
  readonly messages: readonly {
    readonly body: JobMessage;
    /** How many times it was delivered, with this time. */
    readonly attempts: number;
    ack(): void;
    retry(): void;
  }[];
}

/** The most messages that a queue takes at a time. */
const SEND_MESSAGES = 100;
/** How many times a part of a job is tried. The queue's `max_retries` must be one less, or more. */
export const MAX_ATTEMPTS = 4;
/** The end of the name of the queue that gets the messages of consumers that were ended each time. */
const DEAD_LETTERS = "-failed";

/** A queue of Cloudflare Queues. */
export class CloudflareJobQueue implements JobQueue {
  readonly #binding: QueueBinding;

  constructor(binding: QueueBinding) {
    this.#binding = binding;
  }

  async send(messages: readonly JobMessage[]): Promise<void> {
    for (let at = 0; at < messages.length; at += SEND_MESSAGES) {
      await this.#binding.sendBatch(messages.slice(at, at + SEND_MESSAGES).map((body) => ({ body })));
    }
  }
}

/** Does the parts of jobs that a queue delivers. One that fails is tried again, and after its attempts put aside with the reason. */
export async function consumeJobMessages(
  { queue, messages }: MessageBatch,
  worker: JobWorker,
): Promise<void> {
  for (const message of messages) {
    try {
      if (queue.endsWith(DEAD_LETTERS)) {
        await worker.putAside(message.body, "each attempt was ended by a limit of the platform");
      } else await attempt(message, worker);
      message.ack();
    } catch (error) {
      console.error(`warning: a part of job ${message.body.job} is tried again: ${(error as Error).message}`);
      message.retry();
    }
  }
}

/** @throws {Error} If it fails, and is to be tried again. */
async function attempt(
  { body, attempts }: MessageBatch["messages"][number],
  worker: JobWorker,
): Promise<void> {
  try {
    await worker.run(body);
  } catch (error) {
    if (attempts < MAX_ATTEMPTS) throw error;
    await worker.putAside(body, reasonOf(error as Error));
  }
}
