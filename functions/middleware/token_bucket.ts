import type { RateLimit } from "./rate_limit.ts";

/**
 * A client's bucket. A request takes a token, and tokens are refilled at a constant rate, which permits bursts but no higher
 * average.
 */
export interface TokenBucket {
  /** Requests that the client may still make. */
  tokens: number;
  /** When that was, in milliseconds. */
  at: number;
}

/**
 * Takes a token for a request.
 *
 * @param bucket The client's bucket, which is changed. Default: a full one.
 * @param now The time in milliseconds.
 * @returns The bucket, and the seconds until the client may ask again, or 0 if this request may be answered.
 */
export function takeToken(
  bucket: TokenBucket | undefined,
  { requests, seconds }: RateLimit,
  now: number,
): { bucket: TokenBucket; wait: number } {
  const perMillisecond = requests / (1000 * seconds);
  bucket ??= { tokens: requests, at: now };
  const tokens = Math.min(requests, bucket.tokens + (now - bucket.at) * perMillisecond);
  const allowed = tokens >= 1;
  bucket.tokens = allowed ? tokens - 1 : tokens;
  bucket.at = now;
  return { bucket, wait: allowed ? 0 : (1 - tokens) / perMillisecond / 1000 };
}

/** The milliseconds until a bucket is full again, when it needs not be remembered any more. */
export function timeToFull({ tokens }: TokenBucket, { requests, seconds }: RateLimit): number {
  return 1000 * seconds * (requests - tokens) / requests;
}
