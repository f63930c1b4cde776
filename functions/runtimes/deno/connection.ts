import type { ConnectionServer } from "./serve_connection.ts";

/** What the server is waiting for the client to do. */
export type Wait = "send its first request" | "send another request" | "read the answer";

/** A request in progress. */
export interface Exchange {
  /** Wraps a streamed response to observe whether the client reads it. */
  watch(response: Response): Response;
  /** Ends the exchange: the response was sent, or cannot be. */
  end(): void;
}

/** A connection and its requests in progress: several at a time with HTTP/2, one with HTTP/1.1. */
export class Connection {
  server: ConnectionServer | undefined;
  /** When the current wait began, as `performance.now()`. */
  since = performance.now();
  /** The requests in progress, and whether the server waits for the client to read the response. */
  readonly #exchanges = new Map<Exchange, boolean>();
  #answered = false;

  /** @param client The client, as `clientOf` names it. */
  constructor(readonly client: string) {}

  /** Whether no request is in progress, so that closing the connection interrupts no response. */
  get idle(): boolean {
    return this.#exchanges.size === 0;
  }

  /** What the server is waiting for, or undefined while it is working itself. */
  get wait(): Wait | undefined {
    if (this.idle) return this.#answered ? "send another request" : "send its first request";
    return [...this.#exchanges.values()].every((unread) => unread) ? "read the answer" : undefined;
  }

  /** Notes that a response was sent, or cannot be. */
  answered(): void {
    this.#answered = true;
    this.since = performance.now();
  }

  /** Begins a request that is not answered at once. */
  begin(): Exchange {
    const exchange: Exchange = {
      watch: (response) => this.#watch(exchange, response),
      end: () => {
        this.#exchanges.delete(exchange);
        this.answered();
      },
    };
    this.#exchanges.set(exchange, false);
    return exchange;
  }

  /** Passes on a body chunk by chunk. The stream is pulled when the client has read most of the chunks before. */
  #watch(exchange: Exchange, response: Response): Response {
    const reader = response.body?.getReader();
    if (reader === undefined) return response;
    const set = (unread: boolean) => {
      this.#exchanges.set(exchange, unread);
      this.since = performance.now();
    };
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        set(false);
        const { done, value } = await reader.read();
        set(true);
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    }, { highWaterMark: 0 });
    return new Response(body, response);
  }
}
