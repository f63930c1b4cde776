import type { RateLimiter } from "../../middleware/rate_limit.ts";

/** Cloudflare's rate-limiting binding, which wrangler.toml declares. */
export interface RateLimitBinding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The period of the binding in wrangler.toml, in seconds: it does not say itself when a client may ask again. */
const PERIOD = 60;

/** Counts requests by Cloudflare's binding: a client's requests at one of its places, however many Workers run there. */
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
