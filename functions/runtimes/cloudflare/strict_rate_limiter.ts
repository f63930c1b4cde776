import type { RateLimit, RateLimiter } from "../../middleware/rate_limit.ts";

/** The binding of a Durable Object's class, declared in wrangler.toml. */
export interface ObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(url: string, init: RequestInit): Promise<Response> };
}

/** Clients that are remembered to have to wait; of more, the first is asked about again. */
const MAX_WAITING = 10_000;
/** Seconds after which a client may ask again whose object does not answer. */
const RETRY = 1;

/**
 * Counts requests with a Durable Object for each client, which all locations and isolates ask: the limit holds for all of them
 * together. A client that has to wait is refused without asking again, so that a flood costs no objects.
 */
export class StrictRateLimiter implements RateLimiter {
  readonly #namespace: ObjectNamespace;
  readonly #limit: string;
  readonly #now: () => number;
  /** Until when clients have to wait, in milliseconds. */
  readonly #waiting = new Map<string, number>();

  /** @param now Returns the time in milliseconds. */
  constructor(namespace: ObjectNamespace, { requests, seconds }: RateLimit, now: () => number = Date.now) {
    this.#namespace = namespace;
    this.#limit = JSON.stringify({ requests, seconds });
    this.#now = now;
  }

  async count(client: string): Promise<number> {
    const until = this.#waiting.get(client);
    if (until !== undefined) {
      const wait = until - this.#now();
      if (wait > 0) return wait / 1000;
      this.#waiting.delete(client);
    }
    const wait = await this.#ask(client);
    if (wait > 0) this.#remember(client, this.#now() + 1000 * wait);
    return wait;
  }

  async #ask(client: string): Promise<number> {
    try {
      const object = this.#namespace.get(this.#namespace.idFromName(client));
      const answer = await object.fetch("https://rate-limit/", { method: "POST", body: this.#limit });
      return Number(await answer.text());
    } catch (error) {
      // An object answers about a thousand requests a second: a client that exceeds that has to wait in any case.
      console.error(`warning: the rate limit cannot be asked for: ${(error as Error).message}`);
      return RETRY;
    }
  }

  #remember(client: string, until: number): void {
    this.#waiting.set(client, until);
    if (this.#waiting.size > MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value!);
  }
}
