import type { RateLimit, RateLimiter } from "../middleware/rate_limit.ts";

/** Most buckets, about 10 MB; the least recently used is dropped. */
const MAX_CLIENTS = 100_000;

/** A client's bucket. */
interface Bucket {
  /** Requests that the client may still make. */
  tokens: number;
  /** When that was, in milliseconds. */
  at: number;
}

/**
 * A token bucket for each client, in the memory of this process. A request takes a token, and tokens are refilled at a
 * constant rate, which permits bursts but no higher average.
 */
export class TokenBuckets implements RateLimiter {
  /** Least recently used first. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #capacity: number;
  readonly #perMillisecond: number;
  readonly #maxClients: number;
  readonly #now: () => number;

  /** @param now Returns the time in milliseconds. */
  constructor({ requests, seconds }: RateLimit, maxClients = MAX_CLIENTS, now = () => performance.now()) {
    this.#capacity = requests;
    this.#perMillisecond = requests / (1000 * seconds);
    this.#maxClients = maxClients;
    this.#now = now;
  }

  count(client: string): number {
    const at = this.#now();
    const bucket = this.#buckets.get(client) ?? { tokens: this.#capacity, at };
    const tokens = Math.min(this.#capacity, bucket.tokens + (at - bucket.at) * this.#perMillisecond);
    const allowed = tokens >= 1;
    Object.assign(bucket, { tokens: allowed ? tokens - 1 : tokens, at });
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > this.#maxClients) this.#buckets.delete(this.#buckets.keys().next().value!);
    return allowed ? 0 : (1 - tokens) / this.#perMillisecond / 1000;
  }
}
