import type { ConnectionServer } from "./serve_connection.ts";

/** What the server waits for the client to do. */
export type Wait = "send its first request" | "send another request" | "read the answer";

/** A request under way. */
export interface Exchange {
  /** Watches whether the client reads a response that is a stream. */
  watch(response: Response): Response;
  /** The answer was sent, or cannot be. */
  end(): void;
}

/** A connection and the requests on it: HTTP/2 has several at a time, HTTP/1.1 one after the other. */
export class Connection {
  server: ConnectionServer | undefined;
  /** When the current wait began, in milliseconds of `performance.now()`. */
  since = performance.now();
  /** Each request under way, and whether the client has been sent something that it has not read. */
  readonly #exchanges = new Map<Exchange, boolean>();
  #answered = false;

  /** @param client Who connected, as `clientOf` names it. */
  constructor(readonly client: string) {}

  /** No request is under way: closing the connection breaks no answer. */
  get idle(): boolean {
    return this.#exchanges.size === 0;
  }

  /** What the server waits for, or undefined while it works itself. */
  get wait(): Wait | undefined {
    if (this.idle) return this.#answered ? "send another request" : "send its first request";
    return [...this.#exchanges.values()].every((unread) => unread) ? "read the answer" : undefined;
  }

  begin(): Exchange {
    const exchange: Exchange = {
      watch: (response) => this.#watch(exchange, response),
      end: () => {
        this.#exchanges.delete(exchange);
        this.#answered = true;
        this.since = performance.now();
      },
    };
    this.#exchanges.set(exchange, false);
    return exchange;
  }

  /** Passes a body on piece by piece. The next is asked for when the client has read most of those before. */
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
