import { continueWith } from "../../../shared/continue_with.ts";
import { clientOf } from "../../middleware/network_address.ts";
import { PROBLEM_TYPE } from "../../problem.ts";
import type { Connection } from "./connection.ts";
import { type ConnectionLimits, Connections } from "./connections.ts";
import type { Handler, ServeConnection } from "./serve_connection.ts";

/** Milliseconds between checks for connections that exceed a time limit; a connection may exceed it by as much. */
const SWEEP_INTERVAL = 250;
/** Milliseconds between checks for idle connections during shutdown. */
const SHUTDOWN_SWEEP_INTERVAL = 20;
/** During shutdown, milliseconds in which requests are still accepted that the kernel had already received. */
const GRACE_PERIOD = 250;
/** A request that follows the last response within so many milliseconds was probably pipelined. */
const MAX_PIPELINING_GAP = 20;
/** Milliseconds to wait after `accept` has failed. */
const ACCEPT_RETRY_DELAY = 50;
/** Idle connections to close after `accept` has failed, which frees file descriptors for new connections and for files. */
const CLOSED_PER_FAILURE = 16;
/** Shortest time between two warnings that `accept` fails, in milliseconds. */
const WARNING_INTERVAL = 60_000;
/** Content types of responses that are never streamed, except to POST. */
const NOT_STREAMED = /^(application\/json|text\/plain)/;

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A server that is listening. */
export interface ListeningServer {
  address: Deno.NetAddr;
  /**
   * Stops listening, finishes the requests in progress and closes every connection.
   *
   * @param milliseconds How long that may take; then the remaining connections are closed.
   */
  shutDown(milliseconds: number): Promise<void>;
}

/**
 * Serves HTTP on connections that it accepts itself, which lets it limit their number and duration and shut down
 * gracefully.
 */
export class BoundedServer implements ListeningServer {
  readonly #listener: Deno.TcpListener;
  readonly #connections: Connections;
  readonly #serve: ServeConnection;
  readonly #handler: Handler;
  /** When the shutdown began. */
  #shutdownAt = Infinity;
  /** Until when a connection may send another request during shutdown, if that is later than for most. */
  readonly #graceEnds = new WeakMap<Connection, number>();
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
    setInterval(() => this.#connections.closeOverdue(), SWEEP_INTERVAL);
    void this.#accept();
  }

  get address(): Deno.NetAddr {
    return this.#listener.addr as Deno.NetAddr;
  }

  async shutDown(milliseconds: number): Promise<void> {
    this.#shutdownAt = performance.now();
    await pause(GRACE_PERIOD);
    this.#listening = false;
    this.#listener.close();
    while (this.#connections.size > 0) {
      const now = performance.now();
      for (const connection of this.#connections) {
        if (now - this.#shutdownAt > milliseconds) this.#connections.close(connection);
        else if (connection.idle && now > this.#graceEnd(connection)) this.#finish(connection);
      }
      await pause(SHUTDOWN_SWEEP_INTERVAL);
    }
  }

  /** Closes an idle connection after its last response has been sent. */
  #finish(connection: Connection): void {
    if (connection.wait === "send its first request") this.#connections.close(connection);
    else connection.server?.shutdown();
  }

  #graceEnd(connection: Connection): number {
    return this.#graceEnds.get(connection) ?? this.#shutdownAt + GRACE_PERIOD;
  }

  async #accept(): Promise<void> {
    let warned = -Infinity;
    while (this.#listening) {
      try {
        await this.#take(await this.#listener.accept());
      } catch (error) {
        if (!this.#listening) return;
        // Most likely EMFILE, too many open files. It passes when connections close, so the server goes on.
        const now = performance.now();
        if (now - warned > WARNING_INTERVAL) {
          warned = now;
          console.error(
            `warning: cannot accept connections, will go on trying: ${(error as Error).message} ` +
              `(${this.#connections.size} are open)`,
          );
        }
        for (let i = 0; i < CLOSED_PER_FAILURE && this.#connections.makeRoom();) i++;
        await pause(ACCEPT_RETRY_DELAY);
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

  #answer(
    connection: Connection,
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Response | Promise<Response> {
    const shuttingDown = this.#shutdownAt !== Infinity;
    const last = shuttingDown && this.#isLast(connection);
    const answer = this.#handler(request, info);
    if (answer instanceof Response && !shuttingDown && !isStreamed(request, answer)) {
      // It is sent as soon as it is returned: `completed` would say so, at the cost of three promises.
      connection.answered();
      this.#connections.changed();
      return answer;
    }
    const exchange = connection.begin();
    const end = () => {
      exchange.end();
      if (last) connection.server?.shutdown(); // "connection: close" alone does not close it
      if (!shuttingDown && this.#shutdownAt !== Infinity) {
        this.#graceEnds.set(connection, performance.now() + GRACE_PERIOD);
      }
      this.#connections.changed();
    };
    info.completed.then(end, end);
    return continueWith(answer, (response) => {
      if (last) response.headers.set("connection", "close");
      return isStreamed(request, response) ? exchange.watch(response) : response;
    });
  }

  /**
   * Whether to close the connection after the response to a request that arrived during shutdown. No further request would
   * be read, so a connection with pipelined requests stays open a little longer.
   */
  #isLast(connection: Connection): boolean {
    if (!connection.idle) return false; // it arrived before the previous response was known to be sent
    const now = performance.now();
    return now > this.#graceEnd(connection) || now - connection.since > MAX_PIPELINING_GAP;
  }
}

/** Whether a response may be streamed, so that it takes time to send. */
function isStreamed(request: Request, response: Response): boolean {
  const type = response.headers.get("content-type") ?? "";
  return type !== PROBLEM_TYPE && (request.method === "POST" || !NOT_STREAMED.test(type));
}
