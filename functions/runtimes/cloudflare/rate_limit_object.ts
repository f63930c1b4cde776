import { takeToken, timeToFull, type TokenBucket } from "../../middleware/token_bucket.ts";
import type { RateLimit } from "../../middleware/rate_limit.ts";

/** What a Durable Object keeps while it is not in memory. */
export interface ObjectStorage {
  get<Value>(key: string): Promise<Value | undefined>;
  put(key: string, value: unknown, options: { allowUnconfirmed: boolean }): Promise<void>;
  deleteAll(): Promise<void>;
  getAlarm(): Promise<number | null>;
  setAlarm(time: number): Promise<void>;
}

/** A client's bucket, and the limit that it was filled by. */
interface Kept {
  bucket: TokenBucket;
  limit: RateLimit;
}

/** The key of what is kept. */
const KEY = "bucket";
/** The share of a limit's requests that are stored at a time, before they are made: a client loses them if the object is restarted. */
const STORED_SHARE = 0.01;

/**
 * A Durable Object that counts the requests of one client, of which there is one in the world. Cloudflare may take it out of memory
 * when it is idle, so the count is stored: without waiting for the disk, which would take longer than the request.
 */
export class RateLimitObject {
  readonly #storage: ObjectStorage;
  #kept: Kept | undefined;
  #hasAlarm = false;
  /** The requests that may be answered before the bucket must be stored again. */
  #stored = 0;

  constructor({ storage }: { readonly storage: ObjectStorage }) {
    this.#storage = storage;
  }

  /** Counts a request. The body of the response is the number of seconds until the client may ask again, or 0. */
  async fetch(request: Request): Promise<Response> {
    const limit: RateLimit = await request.json();
    this.#kept ??= await this.#storage.get<Kept>(KEY);
    const { bucket, wait } = takeToken(this.#kept?.bucket, limit, Date.now());
    this.#kept = { bucket, limit };
    if (wait === 0 && --this.#stored < 0) this.#store(bucket, limit);
    await this.#forgetLater();
    return new Response(String(wait));
  }

  /** Stores the bucket as it will be after some more requests. */
  #store({ tokens, at }: TokenBucket, limit: RateLimit): void {
    this.#stored = Math.min(Math.floor(STORED_SHARE * limit.requests), Math.floor(tokens));
    const kept: Kept = { bucket: { tokens: tokens - this.#stored, at }, limit };
    void this.#storage.put(KEY, kept, { allowUnconfirmed: true });
  }

  /** Forgets a client whose bucket is full again. */
  async alarm(): Promise<void> {
    this.#hasAlarm = false;
    const kept = this.#kept ??= await this.#storage.get<Kept>(KEY);
    if (kept !== undefined && kept.bucket.at + timeToFull(kept.bucket, kept.limit) > Date.now()) {
      await this.#forgetLater();
      return;
    }
    this.#kept = undefined;
    this.#stored = 0;
    await this.#storage.deleteAll();
  }

  async #forgetLater(): Promise<void> {
    if (this.#hasAlarm || this.#kept === undefined) return;
    this.#hasAlarm = true;
    if (await this.#storage.getAlarm() !== null) return;
    const { bucket, limit } = this.#kept;
    await this.#storage.setAlarm(Math.ceil(bucket.at + timeToFull(bucket, limit)));
  }
}
