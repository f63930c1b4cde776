/** Answers a request, as the handler of `Deno.serve` does. */
export type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

/** HTTP on one connection. */
export interface ConnectionServer {
  /** Resolves when the connection is closed, for whatever reason. */
  finished: Promise<void>;
  /** Closes the connection when the answer under way, if any, has been sent. */
  shutdown(): void;
  /** Closes the connection at once. */
  cut(): void;
}

/** Serves HTTP/1.1 and HTTP/2 on a connection. */
export type ServeConnection = (connection: Deno.TcpConn, handler: Handler) => ConnectionServer;

/** The function behind `Deno.serve`, as Deno 2.9.6 has it. */
type ServeHttpOnConnection = (
  connection: Deno.TcpConn,
  signal: Pick<AbortSignal, "addEventListener">,
  handler: Handler,
  onError: (error: unknown) => Response,
  onListen: () => void,
) => { finished: Promise<void>; shutdown(): Promise<void> };

/**
 * Finds the function by which Deno serves HTTP on a connection that a program accepted itself.
 *
 * It is not documented, but it is what `Deno.serve` does with each connection, and as fast. The documented ways do not
 * help: `Deno.serve` accepts connections itself, any number for any time, and stops for good when `accept` fails;
 * node:http answers a quarter fewer requests a second.
 *
 * @returns undefined where this version of Deno does not have it.
 */
export function findServeConnection(): ServeConnection | undefined {
  const internal: unknown = Reflect.get(Deno, "internal");
  if (typeof internal !== "symbol") return undefined;
  const internals: unknown = Reflect.get(Deno, internal);
  if (typeof internals !== "object" || internals === null) return undefined;
  const serve: unknown = Reflect.get(internals, "serveHttpOnConnection");
  if (typeof serve !== "function") return undefined;
  return (connection, handler) => serveBy(serve as ServeHttpOnConnection, connection, handler);
}

function serveBy(serve: ServeHttpOnConnection, connection: Deno.TcpConn, handler: Handler): ConnectionServer {
  // Not an AbortSignal: its listener throws for a connection that is just closing, and what a listener throws nobody
  // can catch.
  let abort = () => {};
  const signal = {
    addEventListener: (_: string, listener: unknown) => void (abort = listener as () => void),
  };
  const { finished, shutdown } = serve(connection, signal, handler, answerError, () => {});
  return {
    finished: finished.catch(() => {}), // the client reset it
    shutdown: () => void shutdown().catch(() => {}),
    cut: () => {
      try {
        abort();
      } catch { /* it is closed already */ }
    },
  };
}

/** The application answers its own errors; what comes here is a failure to answer at all. */
function answerError(error: unknown): Response {
  console.error(error);
  return new Response(null, { status: 500 });
}
