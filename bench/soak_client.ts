import { NameStream } from "../shared/random/name_stream.ts";

/** How long a whole answer may take, in milliseconds. */
const MAX_ANSWER_TIME = 60_000;

/** What all clients have counted of a server. */
export class SoakTally {
  /** The number of requests of each kind. */
  readonly kinds = new Map<string, number>();
  /** The number of answers with each status. */
  readonly statuses = new Map<number, number>();
  /** The number of errors with each message. */
  readonly errors = new Map<string, number>();
  requests = 0;

  /** Increments the count of a key. */
  static add<Key>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}

/** The server answered 503 with Retry-After. */
export class ServerBusyError extends Error {
  override name = "ServerBusyError";
}

/** A client of a server: makes random requests, one after another, and checks the answers. */
export class SoakClient {
  readonly #stream: NameStream;

  /**
   * @param address The server's address, as http://host:port.
   * @param tally The counts of all clients.
   * @param words The names that the client chooses from.
   * @param index The seed of the client's random choices.
   */
  constructor(
    readonly address: string,
    readonly tally: SoakTally,
    readonly words: readonly string[],
    index: number,
  ) {
    this.#stream = new NameStream(0, index);
  }

  /** A random integer from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#stream.uniform() * below);
  }

  /** A random item. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.number(items.length)];
  }

  /** From 1 to `max` random names. */
  names(max: number): string[] {
    return Array.from({ length: 1 + this.number(max) }, () => this.pick(this.words));
  }

  /**
   * Makes a request, and checks the status of the answer.
   *
   * @param allowed The allowed statuses.
   * @throws {ServerBusyError} If the status is 503, with Retry-After, and not allowed.
   * @throws {Error} If any other status is not allowed.
   */
  async fetch(path: string, allowed: readonly number[] = [200], init: RequestInit = {}): Promise<Response> {
    this.tally.requests++;
    const signal = AbortSignal.timeout(MAX_ANSWER_TIME);
    const response = await fetch(this.address + path, { signal, ...init });
    const { status, headers } = response;
    SoakTally.add(this.tally.statuses, status);
    if (allowed.includes(status)) return response;
    const detail = (await response.text()).slice(0, 200);
    if (status === 503 && /^\d+$/.test(headers.get("retry-after") ?? "")) throw new ServerBusyError();
    throw new Error(`got status ${status} for ${path.slice(0, 100)}: ${detail}`);
  }

  /** Makes a request, and reads the answer as JSON. */
  async json<Answer>(path: string, init?: RequestInit): Promise<Answer> {
    return await (await this.fetch(path, [200], init)).json() as Answer;
  }

  /** Makes a request, and reads the answer as text. */
  async text(path: string, init?: RequestInit): Promise<string> {
    return await (await this.fetch(path, [200], init)).text();
  }
}

/**
 * Checks an answer.
 *
 * @throws {Error} If the condition is false.
 */
export function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
