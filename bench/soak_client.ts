import { NameStream } from "../shared/random/name_stream.ts";

/** How long an answer may take to come whole, in milliseconds; slow readers take longer, and say so. */
const MAX_ANSWER = 60_000;

/** What clients have seen of a server. */
export class SoakTally {
  /** Requests by kind. */
  readonly kinds = new Map<string, number>();
  /** Answers by status. */
  readonly statuses = new Map<number, number>();
  /** What went wrong: how often, by description. */
  readonly errors = new Map<string, number>();
  requests = 0;

  /** Counts one more of something. */
  static add<Key>(counts: Map<Key, number>, key: Key): void {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}

/** The server is busy, and has said when to come back. */
export class Busy extends Error {}

/** One client of a server: it makes requests one after another, chosen by chance, and looks at the answers. */
export class SoakClient {
  readonly #stream: NameStream;

  /**
   * @param address Where the server answers.
   * @param tally What it has seen, with all other clients.
   * @param words Names to choose from.
   * @param index Which client it is: each makes other choices, the same in each run.
   */
  constructor(
    readonly address: string,
    readonly tally: SoakTally,
    readonly words: readonly string[],
    index: number,
  ) {
    this.#stream = new NameStream(0, index);
  }

  /** A whole number from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#stream.uniform() * below);
  }

  /** One of some items. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.number(items.length)];
  }

  /** Some names, from 1 to `most`. */
  names(most: number): string[] {
    return Array.from({ length: 1 + this.number(most) }, () => this.pick(this.words));
  }

  /**
   * Asks the server.
   *
   * @param allowed The statuses that may come.
   * @throws {Busy} If it answers 503 with Retry-After.
   * @throws {Error} If it answers anything else that is not allowed.
   */
  async ask(path: string, allowed: readonly number[] = [200], init: RequestInit = {}): Promise<Response> {
    this.tally.requests++;
    const response = await fetch(this.address + path, { signal: AbortSignal.timeout(MAX_ANSWER), ...init });
    const { status, headers } = response;
    SoakTally.add(this.tally.statuses, status);
    if (allowed.includes(status)) return response;
    const detail = (await response.text()).slice(0, 200);
    if (status === 503 && /^\d+$/.test(headers.get("retry-after") ?? "")) throw new Busy();
    throw new Error(`answers ${status} to ${path.slice(0, 100)}: ${detail}`);
  }

  /** Asks, and reads the answer as JSON. */
  async json<Answer>(path: string, init?: RequestInit): Promise<Answer> {
    return await (await this.ask(path, [200], init)).json() as Answer;
  }

  /** Asks, and reads the answer as text. */
  async text(path: string, init?: RequestInit): Promise<string> {
    return await (await this.ask(path, [200], init)).text();
  }
}

/**
 * Says that an answer is not what it should be.
 *
 * @throws {Error} If it is not.
 */
export function check(right: boolean, what: string): void {
  if (!right) throw new Error(what);
}
