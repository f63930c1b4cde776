import type { Context, MiddlewareHandler } from "hono";
import { clientOf } from "./network_address.ts";
import { Problem } from "../problem.ts";

/** So many requests in so many seconds. */
export interface RateLimit {
  requests: number;
  seconds: number;
}

/** Who counts requests; each runtime has its own way. */
export interface RateLimiter {
  /**
   * Counts a request.
   *
   * @returns Seconds until the client may ask again, or 0 if this request may be answered.
   */
  count(client: string): number | Promise<number>;
}

/**
 * Reads a rate limit such as "600/60s".
 *
 * @throws {RangeError} If it is none.
 */
export function readRateLimit(text: string): RateLimit {
  const [, requests, seconds] = (/^([1-9]\d{0,8})\/([1-9]\d{0,4})s$/.exec(text) ?? []).map(Number);
  if (requests && seconds) return { requests, seconds };
  throw new RangeError(
    `EDGEMORE_RATE_LIMIT must be "off", or requests and seconds as in "600/60s", got ${JSON.stringify(text)}`,
  );
}

/** Refuses who asks too often, all but `/health`, which a monitor may ask at any time. */
export function limitRate(limiter: RateLimiter, addressOf: (context: Context) => string): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.path === "/health") return await next();
    const wait = Math.ceil(await limiter.count(clientOf(addressOf(context))));
    if (wait > 0) {
      throw new Problem("too-many-requests", `Too many requests; ask again in ${wait} s`, [], {
        "retry-after": String(wait),
      });
    }
    await next();
  };
}
