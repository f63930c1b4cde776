import type { RateLimiter } from "../../middleware/rate_limit.ts";

/** Cloudflare's rate limiting binding, declared in wrangler.toml. */
export interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The period of the binding in wrangler.toml, in seconds; the binding itself does not say when to retry. */
const PERIOD = 60;

/** Counts requests with Cloudflare's binding: those of a client at one Cloudflare location, in all Workers there. */
export class CloudflareRateLimiter implements RateLimiter {
  readonly #binding: RateLimitBinding;

  constructor(binding: RateLimitBinding) {
    this.#binding = binding;
  }

  async count(client: string): Promise<number> {
    const { success } = await this.#binding.limit({ key: client });
    return success ? 0 : PERIOD;
  }
}
