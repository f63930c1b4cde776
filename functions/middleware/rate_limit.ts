import type { Context, MiddlewareHandler } from "hono";
import { continueWith } from "../../shared/continue_with.ts";
import { clientOf } from "./network_address.ts";
import { Problem } from "../problem.ts";

/** A number of requests per number of seconds. */
export interface RateLimit {
  requests: number;
  seconds: number;
  /** Whether all servers of a deployment have to count together, where the runtime can do without (Cloudflare). */
  strict?: true;
}

/** The limit of "strict". */
const STRICT: RateLimit = { requests: 1000, seconds: 60, strict: true };

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
 * Reads a rate limit such as "600/60s", "strict:600/60s", or "strict".
 *
 * @throws {RangeError} If the text is not a rate limit.
 */
export function readRateLimit(text: string): RateLimit {
  if (text === "strict") return STRICT;
  const [, strict, requests, seconds] = /^(strict:)?([1-9]\d{0,8})\/([1-9]\d{0,4})s$/.exec(text) ?? [];
  if (requests) {
    return { requests: Number(requests), seconds: Number(seconds), ...(strict && { strict: true }) };
  }
  throw new RangeError(
    `EDGEMORE_RATE_LIMIT must be "off", or requests and seconds as in "600/60s" or "strict:600/60s", got ${
      JSON.stringify(text)
    }`,
  );
}

/** Counts requests by client, and finds a request's client address. */
export interface RateLimiting {
  limiter: RateLimiter;
  addressOf: (context: Context) => string;
}

/** Answers 429 to clients that exceed the rate limit, except on `/health`, which is for monitors. */
export function limitRate(limiting: RateLimiting): MiddlewareHandler {
  const count = requestCounter(limiting);
  return async (context, next) => {
    if (context.req.path !== "/health") await count(context);
    await next();
  };
}

/**
 * Makes a function that counts a request, without a promise where the limiter needs none.
 *
 * @returns A function that throws a {@link Problem} 429 if the client exceeds the rate limit.
 */
export function requestCounter(
  { limiter, addressOf }: RateLimiting,
): (context: Context) => void | Promise<void> {
  return (context) => continueWith(limiter.count(clientOf(addressOf(context))), requireNoWait);
}

/** @throws {Problem} 429 if the client has to wait. */
function requireNoWait(seconds: number): void {
  const wait = Math.ceil(seconds);
  if (wait <= 0) return;
  throw new Problem("too-many-requests", `Too many requests; ask again in ${wait} s`, [], {
    "retry-after": String(wait),
  });
}
