import type { Settings } from "../settings.ts";
import { BoundedServer, type ListeningServer } from "./bounded_server.ts";
import type { ConnectionLimits } from "./connections.ts";
import { findServeConnection, type Handler } from "./serve_connection.ts";
import { UnboundedServer } from "./unbounded_server.ts";

/** Which part of all connections one client may have, where no setting says so. */
const SHARE_OF_CLIENT = 1 / 4;
/** Addresses of this machine, as `clientOf` names them. */
const LOOPBACK = /^127\.|^0:0:0:0$/;

/**
 * Serves HTTP, with bounded connections where this version of Deno allows it.
 *
 * @throws {Deno.errors.AddrInUse} If the port is in use, and other errors of `Deno.listen`.
 */
export function listen(
  address: { hostname: string; port: number },
  settings: Settings,
  handler: Handler,
): ListeningServer {
  const serve = findServeConnection();
  if (serve !== undefined) return new BoundedServer(address, limitsOf(settings), serve, handler);
  console.error(
    `warning: Deno ${Deno.version.deno} has no serveHttpOnConnection, so connections are not bounded: ` +
      "EDGEMORE_MAX_CONNECTIONS, EDGEMORE_MAX_CONNECTIONS_PER_CLIENT, EDGEMORE_HEADER_TIMEOUT, " +
      "EDGEMORE_IDLE_TIMEOUT and EDGEMORE_SEND_TIMEOUT have no effect; use Deno 2.9.6",
  );
  return new UnboundedServer(address, handler);
}

function limitsOf(settings: Settings): ConnectionLimits {
  const { maxConnections, maxConnectionsPerClient, trustProxy } = settings;
  return {
    all: maxConnections,
    ofClient: (client) => {
      if (maxConnectionsPerClient !== undefined) return maxConnectionsPerClient;
      // A proxy's connections are those of many clients. Who connects from this machine is mostly a proxy on it.
      return trustProxy || LOOPBACK.test(client) ? Infinity : Math.ceil(maxConnections * SHARE_OF_CLIENT);
    },
    header: 1000 * settings.headerTimeout,
    idle: 1000 * settings.idleTimeout,
    send: 1000 * settings.sendTimeout,
  };
}
