import type { Settings } from "../settings.ts";
import { BoundedServer, type ListeningServer } from "./bounded_server.ts";
import type { ConnectionLimits } from "./connections.ts";
import { findServeConnection, type Handler } from "./serve_connection.ts";
import { UnboundedServer } from "./unbounded_server.ts";

/** The default share of all connections that one client may have. */
const MAX_CLIENT_SHARE = 1 / 4;
/** Loopback addresses, as `clientOf` names them. */
const LOOPBACK = /^127\.|^0000:0000:0000:0000$/;

/**
 * Serves HTTP, with limits on connections if this version of Deno makes them possible.
 *
 * @throws {Deno.errors.AddrInUse} If the port is in use, and other errors of `Deno.listen`.
 */
export function listen(
  address: { hostname: string; port: number },
  settings: Settings,
  handler: Handler,
): ListeningServer {
  // On Linux, the kernel then spreads the connections over the processes that listen at the address.
  const options = { ...address, reusePort: settings.sharePort };
  const serve = findServeConnection();
  if (serve !== undefined) return new BoundedServer(options, limitsOf(settings), serve, handler);
  console.error(
    `warning: Deno ${Deno.version.deno} has no serveHttpOnConnection, so connections are not bounded: ` +
      "EDGEMORE_MAX_CONNECTIONS, EDGEMORE_MAX_CONNECTIONS_PER_CLIENT, EDGEMORE_HEADER_TIMEOUT, " +
      "EDGEMORE_IDLE_TIMEOUT and EDGEMORE_SEND_TIMEOUT have no effect; use Deno 2.9.6",
  );
  return new UnboundedServer(options, handler);
}

function limitsOf(settings: Settings): ConnectionLimits {
  const { maxConnections, maxConnectionsPerClient, trustProxy } = settings;
  return {
    all: maxConnections,
    ofClient: (client) => {
      if (maxConnectionsPerClient !== undefined) return maxConnectionsPerClient;
      // A proxy connects for many clients, and connections from this machine are mostly those of a proxy.
      return trustProxy || LOOPBACK.test(client) ? Infinity : Math.ceil(maxConnections * MAX_CLIENT_SHARE);
    },
    header: 1000 * settings.headerTimeout,
    idle: 1000 * settings.idleTimeout,
    send: 1000 * settings.sendTimeout,
  };
}
