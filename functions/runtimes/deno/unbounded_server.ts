import type { ListeningServer } from "./bounded_server.ts";
import type { Handler } from "./serve_connection.ts";

/** Milliseconds between checks for requests in progress during shutdown. */
const SHUTDOWN_SWEEP_INTERVAL = 20;

/** Serves HTTP with `Deno.serve`, without limits on connections, for versions of Deno without `serveHttpOnConnection`. */
export class UnboundedServer implements ListeningServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #inProgress = 0;
  #shuttingDown = false;

  /** @throws {Deno.errors.AddrInUse} If the port is in use, and other errors of `Deno.serve`. */
  constructor(options: Deno.TcpListenOptions, handler: Handler) {
    this.#server = Deno.serve({ ...options, onListen: () => {} }, (request, info) => {
      return this.#answer(handler, request, info);
    });
  }

  get address(): Deno.NetAddr {
    return this.#server.addr;
  }

  async shutDown(milliseconds: number): Promise<void> {
    this.#shuttingDown = true;
    const deadline = performance.now() + milliseconds;
    // Deno's own shutdown does not wait for streams.
    while (this.#inProgress > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, SHUTDOWN_SWEEP_INTERVAL));
    }
    const left = Math.max(0, deadline - performance.now());
    await Promise.race([this.#server.shutdown(), new Promise((resolve) => setTimeout(resolve, left))]);
  }

  async #answer(
    handler: Handler,
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    this.#inProgress++;
    const end = () => this.#inProgress--;
    info.completed.then(end, end);
    const response = await handler(request, info);
    if (this.#shuttingDown) response.headers.set("connection", "close");
    return response;
  }
}
