import type { RateLimit, RateLimiter } from "../middleware/rate_limit.ts";
import { takeToken, type TokenBucket } from "../middleware/token_bucket.ts";

/** Most buckets, about 10 MB; the least recently used is dropped. */
const MAX_CLIENTS = 100_000;

/** A token bucket for each client, in the memory of this process. */
export class TokenBuckets implements RateLimiter {
  /** Least recently used first. */
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #limit: RateLimit;
  readonly #maxClients: number;
  readonly #now: () => number;

  /** @param now Returns the time in milliseconds. */
  constructor(limit: RateLimit, maxClients = MAX_CLIENTS, now = () => performance.now()) {
    this.#limit = limit;
    this.#maxClients = maxClients;
    this.#now = now;
  }

  count(client: string): number {
    const { bucket, wait } = takeToken(this.#buckets.get(client), this.#limit, this.#now());
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > this.#maxClients) this.#buckets.delete(this.#buckets.keys().next().value!);
    return wait;
  }
}
