import type { Context, MiddlewareHandler } from "hono";
import { clientOf } from "./network_address.ts";
import { Problem } from "../problem.ts";

/** A number of requests per number of seconds. */
export interface RateLimit {
  requests: number;
  seconds: number;
}

/** Counts requests by client; each runtime has its own. */
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
 * @throws {RangeError} If the text is not a rate limit.
 */
export function readRateLimit(text: string): RateLimit {
  const [, requests, seconds] = (/^([1-9]\d{0,8})\/([1-9]\d{0,4})s$/.exec(text) ?? []).map(Number);
  if (requests && seconds) return { requests, seconds };
  throw new RangeError(
    `EDGEMORE_RATE_LIMIT must be "off", or requests and seconds as in "600/60s", got ${JSON.stringify(text)}`,
  );
}

/** Answers 429 to clients that exceed the rate limit, except on `/health`, which is for monitors. */
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
