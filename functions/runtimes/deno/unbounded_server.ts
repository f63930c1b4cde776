import type { ListeningServer } from "./bounded_server.ts";
import type { Handler } from "./serve_connection.ts";

/** How often requests under way are looked for while the server ends, in milliseconds. */
const END_SWEEP = 20;

/** Serves HTTP by `Deno.serve`, which bounds no connections: for versions of Deno that do not let us do it ourselves. */
export class UnboundedServer implements ListeningServer {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #underWay = 0;
  #ending = false;

  /** @throws {Deno.errors.AddrInUse} If the port is in use, and other errors of `Deno.serve`. */
  constructor(options: Deno.TcpListenOptions, handler: Handler) {
    this.#server = Deno.serve({ ...options, onListen: () => {} }, (request, info) => {
      return this.#answer(handler, request, info);
    });
  }

  get address(): Deno.NetAddr {
    return this.#server.addr;
  }

  async end(milliseconds: number): Promise<void> {
    this.#ending = true;
    const deadline = performance.now() + milliseconds;
    // Deno's shutdown does not wait for streams.
    while (this.#underWay > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, END_SWEEP));
    }
    const left = Math.max(0, deadline - performance.now());
    await Promise.race([this.#server.shutdown(), new Promise((resolve) => setTimeout(resolve, left))]);
  }

  async #answer(
    handler: Handler,
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Promise<Response> {
    this.#underWay++;
    const end = () => this.#underWay--;
    info.completed.then(end, end);
    const response = await handler(request, info);
    if (this.#ending) response.headers.set("connection", "close");
    return response;
  }
}
