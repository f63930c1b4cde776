import type { RateLimit, RateLimiter } from "./rate_limit.ts";

/** Most clients that are remembered; who has not asked for longest is forgotten. Some 10 MB. */
const MAX_CLIENTS = 100_000;

/** What a client may still ask, at a time. */
interface Bucket {
  tokens: number;
  /** Milliseconds. */
  at: number;
}

/**
 * Counts requests in this process's memory. Each client has a bucket with a token for each request it may make; the
 * tokens come back evenly, so that a burst is answered and a flood is not.
 */
export class TokenBuckets implements RateLimiter {
  /** In the order in which the clients last asked. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #capacity: number;
  readonly #perMillisecond: number;
  readonly #mostClients: number;
  readonly #now: () => number;

  /** @param now The time in milliseconds. */
  constructor({ requests, seconds }: RateLimit, mostClients = MAX_CLIENTS, now = () => performance.now()) {
    this.#capacity = requests;
    this.#perMillisecond = requests / (1000 * seconds);
    this.#mostClients = mostClients;
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
    if (this.#buckets.size > this.#mostClients) this.#buckets.delete(this.#buckets.keys().next().value!);
    return allowed ? 0 : (1 - tokens) / this.#perMillisecond / 1000;
  }
}
