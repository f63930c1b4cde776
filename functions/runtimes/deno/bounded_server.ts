import { clientOf } from "../../middleware/network_address.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionLimits, Connections } from "./connections.ts";
import { type Handler, type ServeConnection } from "./serve_connection.ts";

/** How often overdue connections are looked for, in milliseconds; they may live longer than their limit by as much. */
const SWEEP = 250;
/** How often ended connections are looked for while the server ends, in milliseconds. */
const END_SWEEP = 20;
/** How long a server that ends still takes what the system has received for it, in milliseconds. */
const GRACE = 250;
/** A request that comes so soon after the answer before, in milliseconds, was probably sent without waiting for it. */
const PIPELINED = 20;
/** How long to wait before accepting again when the system refuses, in milliseconds. */
const ACCEPT_PAUSE = 50;
/** Idle connections that are then closed, to have files for connections, and for all else that needs one. */
const SHED = 16;
/** How often at most to say that connections cannot be accepted, in milliseconds. */
const WARNING_PAUSE = 60_000;
/** What is answered whole, unless it answers a body. */
const WHOLE = /^(application\/json|text\/plain)/;
/** What is always answered whole. */
const PROBLEM = "application/problem+json";

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A server that listens. */
export interface ListeningServer {
  address: Deno.NetAddr;
  /**
   * Stops listening, finishes what is under way, and closes every connection.
   *
   * @param milliseconds How long that may take; then what is not finished is cut.
   */
  end(milliseconds: number): Promise<void>;
}

/** Serves HTTP on connections that it accepts itself, so that it can bound them and finish what they have begun. */
export class BoundedServer implements ListeningServer {
  readonly #listener: Deno.TcpListener;
  readonly #connections: Connections;
  readonly #serve: ServeConnection;
  readonly #handler: Handler;
  /** When the server was told to end. */
  #endedAt = Infinity;
  /** Until when a connection may send another request while the server ends, where that is later than for others. */
  readonly #graces = new WeakMap<Connection, number>();
  #listening = true;

  /** @throws {Deno.errors.AddrInUse} If the port is in use, and other errors of `Deno.listen`. */
  constructor(
    options: Deno.TcpListenOptions,
    limits: ConnectionLimits,
    serve: ServeConnection,
    handler: Handler,
  ) {
    this.#listener = Deno.listen(options);
    this.#connections = new Connections(limits);
    this.#serve = serve;
    this.#handler = handler;
    setInterval(() => this.#connections.closeOverdue(), SWEEP);
    void this.#accept();
  }

  get address(): Deno.NetAddr {
    return this.#listener.addr as Deno.NetAddr;
  }

  async end(milliseconds: number): Promise<void> {
    this.#endedAt = performance.now();
    await pause(GRACE);
    this.#listening = false;
    this.#listener.close();
    while (this.#connections.size > 0) {
      const now = performance.now();
      for (const connection of this.#connections) {
        if (now - this.#endedAt > milliseconds) this.#connections.close(connection);
        else if (connection.idle && now > this.#graceOf(connection)) this.#finish(connection);
      }
      await pause(END_SWEEP);
    }
  }

  /** Closes an idle connection; what has been answered is sent. */
  #finish(connection: Connection): void {
    if (connection.wait === "send its first request") this.#connections.close(connection);
    else connection.server?.shutdown();
  }

  #graceOf(connection: Connection): number {
    return this.#graces.get(connection) ?? this.#endedAt + GRACE;
  }

  async #accept(): Promise<void> {
    let warned = -Infinity;
    while (this.#listening) {
      try {
        await this.#take(await this.#listener.accept());
      } catch (error) {
        if (!this.#listening) return;
        // Too many open files, most likely. It passes when connections end, so it must not end the server.
        const now = performance.now();
        if (now - warned > WARNING_PAUSE) {
          warned = now;
          console.error(
            `warning: cannot accept connections, will go on trying: ${(error as Error).message} ` +
              `(${this.#connections.size} are open)`,
          );
        }
        for (let i = 0; i < SHED && this.#connections.makeRoom();) i++;
        await pause(ACCEPT_PAUSE);
      }
    }
  }

  async #take(tcp: Deno.TcpConn): Promise<void> {
    const connection = await this.#connections.add(clientOf(tcp.remoteAddr.hostname));
    if (connection === null) return tcp.close();
    try {
      connection.server = this.#serve(tcp, (request, info) => this.#answer(connection, request, info));
    } catch (error) {
      this.#connections.delete(connection);
      tcp.close();
      throw error;
    }
    void connection.server.finished.then(() => this.#connections.delete(connection));
  }

  async #answer(
    connection: Connection,
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    const ending = this.#endedAt !== Infinity;
    const last = ending && this.#isLast(connection);
    const exchange = connection.begin();
    const end = () => {
      exchange.end();
      if (last) connection.server?.shutdown(); // the header alone does not close it
      if (!ending && this.#endedAt !== Infinity) this.#graces.set(connection, performance.now() + GRACE);
      this.#connections.changed();
    };
    info.completed.then(end, end);
    const response = await this.#handler(request, info);
    if (last) response.headers.set("connection", "close");
    const type = response.headers.get("content-type") ?? "";
    const whole = type === PROBLEM || (request.method !== "POST" && WHOLE.test(type));
    return whole ? response : exchange.watch(response);
  }

  /**
   * Whether the answer to a request that came while the server ends shall say that it is the connection's last. After
   * that no other is read, so a client that has sent several requests without waiting for answers is not told at once.
   */
  #isLast(connection: Connection): boolean {
    if (!connection.idle) return false; // it came before the answer to another request was known to be sent
    const now = performance.now();
    return now > this.#graceOf(connection) || now - connection.since > PIPELINED;
  }
}
