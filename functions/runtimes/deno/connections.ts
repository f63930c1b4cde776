import { Connection, type Wait } from "./connection.ts";

/** Connections at a time, and how long each may make the server wait. */
export interface ConnectionLimits {
  /** Connections in all. */
  all: number;
  /** Connections of one client, whom `clientOf` names. */
  ofClient: (client: string) => number;
  /** Milliseconds from the connection to the end of its first request's header. */
  header: number;
  /** Milliseconds from the end of an answer to the end of the next request's header. */
  idle: number;
  /** Milliseconds in which a client reads nothing of a streamed answer. */
  send: number;
}

/** The connections that are open, in bounds. A flood of connections displaces itself; see `makeRoom`. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #ofClient = new Map<string, Set<Connection>>();
  readonly #open = new Set<Connection>();
  #changed = () => {};

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  /**
   * Takes a connection when there is room for it in all.
   *
   * @returns null if its client has too many, all with a request under way.
   */
  async add(client: string): Promise<Connection | null> {
    const own = this.#ofClient.get(client);
    if (own !== undefined && own.size >= this.#limits.ofClient(client) && !this.#closeLongestIdle(own)) {
      return null;
    }
    while (this.#open.size >= this.#limits.all && !this.makeRoom()) {
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
    const connection = new Connection(client);
    this.#open.add(connection);
    // Read again: the set is gone when its last connection went meanwhile.
    const others = this.#ofClient.get(client);
    if (others === undefined) this.#ofClient.set(client, new Set([connection]));
    else others.add(connection);
    return connection;
  }

  /** Forgets a connection that is closed. */
  delete(connection: Connection): void {
    this.#open.delete(connection);
    const own = this.#ofClient.get(connection.client);
    own?.delete(connection);
    if (own?.size === 0) this.#ofClient.delete(connection.client);
    this.#changed();
  }

  /** To be called when a connection has become idle: whoever waits for room may close it. */
  changed(): void {
    this.#changed();
  }

  /** Closes a connection at once. */
  close(connection: Connection): void {
    this.delete(connection);
    connection.server?.cut();
  }

  /** Closes every connection that has made the server wait for too long. */
  closeOverdue(now = performance.now()): void {
    const limits: Record<Wait, number> = {
      "send its first request": this.#limits.header,
      "send another request": this.#limits.idle,
      "read the answer": this.#limits.send,
    };
    for (const connection of this.#open) {
      const { wait, since } = connection;
      if (wait !== undefined && now - since > limits[wait]) this.close(connection);
    }
  }

  /**
   * Closes one idle connection: of the client with the most connections, the one that has waited for longest.
   *
   * @returns false if none is idle.
   */
  makeRoom(): boolean {
    const byNumber = [...this.#ofClient.values()].sort((a, b) => b.size - a.size);
    return byNumber.some((own) => this.#closeLongestIdle(own));
  }

  #closeLongestIdle(connections: Iterable<Connection>): boolean {
    let longest: Connection | undefined;
    for (const connection of connections) {
      if (connection.idle && !(connection.since >= (longest?.since ?? Infinity))) longest = connection;
    }
    if (longest !== undefined) this.close(longest);
    return longest !== undefined;
  }
}
