import { JobError } from "../../jobs/job_error.ts";
import type { JobStore, StoredObject } from "../../jobs/job_store.ts";

/** Bytes of a part of an upload; R2 wants parts of the same size, of at least 5 MiB, and at most 10,000 of them. */
const PART_BYTES = 5 * 2 ** 20;

interface ObjectHead {
  readonly key: string;
  readonly etag: string;
  readonly size: number;
}

interface ObjectBody extends ObjectHead {
  /** Missing where the object is not the one that was asked for. */
  readonly body?: ReadableStream<Uint8Array>;
  text(): Promise<string>;
}

interface MultipartUpload {
  uploadPart(number: number, part: Uint8Array): Promise<unknown>;
  complete(parts: unknown[]): Promise<ObjectHead>;
  abort(): Promise<void>;
}

/** Cloudflare's R2 binding for the lists and results of jobs, declared in wrangler.toml. */
export interface JobBucketBinding {
  head(key: string): Promise<ObjectHead | null>;
  get(key: string, options?: {
    range?: { offset: number; length: number };
    onlyIf?: { etagMatches: string };
  }): Promise<ObjectBody | null>;
  put(key: string, content: string | Uint8Array): Promise<ObjectHead>;
  list(options: { prefix: string; cursor?: string; startAfter?: string }): Promise<{
    objects: ObjectHead[];
    truncated: boolean;
    cursor?: string;
  }>;
  delete(keys: string[]): Promise<void>;
  createMultipartUpload(key: string): Promise<MultipartUpload>;
}

/** The objects of jobs in an R2 bucket. */
export class BucketJobStore implements JobStore {
  readonly #bucket: JobBucketBinding;

  constructor(bucket: JobBucketBinding) {
    this.#bucket = bucket;
  }

  async find(key: string): Promise<{ etag: string; bytes: number } | null> {
    const head = await this.#bucket.head(key);
    return head && { etag: head.etag, bytes: head.size };
  }

  async readText(key: string): Promise<string | null> {
    return await (await this.#bucket.get(key))?.text() ?? null;
  }

  async read(key: string): Promise<ReadableStream<Uint8Array> | null> {
    return (await this.#bucket.get(key))?.body ?? null;
  }

  async readRange(
    key: string,
    etag: string,
    start: number,
    end: number,
  ): Promise<ReadableStream<Uint8Array>> {
    const object = await this.#bucket.get(key, {
      range: { offset: start, length: end - start },
      onlyIf: { etagMatches: etag },
    });
    if (object?.body) return object.body;
    throw new JobError(`${key} was ${object === null ? "removed" : "replaced"} while its job was under way`);
  }

  async write(key: string, content: string | Uint8Array): Promise<void> {
    await this.#bucket.put(key, content);
  }

  async writeStream(
    key: string,
    chunks: AsyncIterable<Uint8Array>,
  ): Promise<{ etag: string; bytes: number }> {
    let upload: MultipartUpload | undefined;
    const parts: unknown[] = [];
    const part = new Uint8Array(PART_BYTES);
    let [length, bytes] = [0, 0];
    try {
      for await (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) {
          if (length === PART_BYTES) {
            upload ??= await this.#bucket.createMultipartUpload(key);
            parts.push(await upload.uploadPart(parts.length + 1, part));
            length = 0;
          }
          const some = chunk.subarray(at, at + PART_BYTES - length);
          part.set(some, length);
          length += some.length;
          at += some.length;
        }
        bytes += chunk.length;
      }
      const last = part.subarray(0, length);
      if (upload === undefined) return { etag: (await this.#bucket.put(key, last)).etag, bytes };
      parts.push(await upload.uploadPart(parts.length + 1, last));
      return { etag: (await upload.complete(parts)).etag, bytes };
    } catch (error) {
      await upload?.abort().catch(() => {}); // what is left over, R2 removes after some days
      throw error;
    }
  }

  async *list(prefix: string, after?: string): AsyncGenerator<StoredObject> {
    let cursor: string | undefined;
    do {
      const page = await this.#bucket.list({
        prefix,
        ...(cursor === undefined ? after !== undefined && { startAfter: after } : { cursor }),
      });
      for (const { key, size } of page.objects) yield { key, bytes: size };
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#bucket.delete([...keys]);
  }
}
