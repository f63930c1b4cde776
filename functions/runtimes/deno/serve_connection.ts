/** Answers a request, as the handler of `Deno.serve`. */
export type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

/** The HTTP server of one connection. */
export interface ConnectionServer {
  /** Resolves when the connection is closed for any reason. */
  finished: Promise<void>;
  /** Closes the connection once the response in progress, if any, has been sent. */
  shutdown(): void;
  /** Closes the connection at once. */
  abort(): void;
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
 * Finds Deno's function that serves HTTP on a connection which the program has accepted itself.
 *
 * The function is undocumented, but `Deno.serve` calls it for each connection. The documented alternatives are worse:
 * `Deno.serve` accepts any number of connections for any time, and stops for good if `accept` fails; node:http answers a
 * quarter fewer requests a second.
 *
 * @returns undefined if this version of Deno does not have the function.
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
  // Not an AbortSignal: the listener throws if the connection is just closing, and an error in a listener of an
  // AbortSignal cannot be caught.
  let abort = () => {};
  const signal = {
    addEventListener: (_: string, listener: unknown) => void (abort = listener as () => void),
  };
  const { finished, shutdown } = serve(connection, signal, handler, answerError, () => {});
  return {
    finished: finished.catch(() => {}), // the client reset the connection
    shutdown: () => void shutdown().catch(() => {}),
    abort: () => {
      try {
        abort();
      } catch { /* it is already closed */ }
    },
  };
}

/** Handles errors outside the application, which answers its own. */
function answerError(error: unknown): Response {
  console.error(error);
  return new Response(null, { status: 500 });
}
