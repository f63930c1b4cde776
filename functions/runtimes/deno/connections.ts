import { Connection, type Wait } from "./connection.ts";

/** Limits on the number of open connections and on how long each may keep the server waiting. */
export interface ConnectionLimits {
  /** Connections in all. */
  all: number;
  /** Connections of one client, as `clientOf` names it. */
  ofClient: (client: string) => number;
  /** Milliseconds from accepting the connection to the end of the first request's header. */
  header: number;
  /** Milliseconds from the end of a response to the end of the next request's header. */
  idle: number;
  /** Milliseconds for which a client may read nothing of a streamed response. */
  send: number;
}

/** The open connections. A client that opens too many loses its own first; see `makeRoom`. */
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
   * Adds a connection, as soon as there are fewer than the limit.
   *
   * @returns null if the client has as many connections as it may, none of them idle.
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
    // Looked up again, because the set is removed with its last connection.
    const others = this.#ofClient.get(client);
    if (others === undefined) this.#ofClient.set(client, new Set([connection]));
    else others.add(connection);
    return connection;
  }

  /** Removes a connection that has closed. */
  delete(connection: Connection): void {
    this.#open.delete(connection);
    const own = this.#ofClient.get(connection.client);
    own?.delete(connection);
    if (own?.size === 0) this.#ofClient.delete(connection.client);
    this.#changed();
  }

  /** Must be called when a connection becomes idle: it may be closed for one that waits to be added. */
  changed(): void {
    this.#changed();
  }

  /** Closes a connection at once. */
  close(connection: Connection): void {
    this.delete(connection);
    connection.server?.abort();
  }

  /** Closes every connection that has kept the server waiting for longer than its limit. */
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
   * Closes the longest idle connection of the client that has the most connections.
   *
   * @returns false if no connection is idle.
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
