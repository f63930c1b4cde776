import { createAdaptorServer } from "@hono/node-server";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Settings } from "./settings.ts";

/** How often Node looks for connections whose header is late, in milliseconds. Its default is 30 s. */
const CHECK_INTERVAL = 1000;

/** A server that listens. */
export interface ListeningServer {
  address: AddressInfo;
  /** Answers the requests in progress, for some time, and then closes all connections. */
  shutDown(seconds: number): Promise<void>;
}

/**
 * Serves an application on Node, with the limits of the settings: on connections, on the time for a request's header, on the time
 * between two requests, and on the time in which a client neither reads nor sends.
 *
 * @throws {Error} If it cannot listen at the address.
 */
export async function listen(
  fetch: (request: Request, environment: object) => Response | Promise<Response>,
  { hostname, port }: { hostname: string; port: number },
  { headerTimeout, idleTimeout, sendTimeout, maxConnections }: Settings,
): Promise<ListeningServer> {
  const server = createAdaptorServer({
    fetch,
    createServer,
    serverOptions: {
      headersTimeout: 1000 * headerTimeout,
      requestTimeout: 0, // the application limits how long a body may pause
      keepAliveTimeout: 1000 * idleTimeout,
      connectionsCheckingInterval: Math.min(CHECK_INTERVAL, 1000 * headerTimeout),
    },
  }) as Server;
  server.maxConnections = maxConnections;
  server.timeout = 1000 * sendTimeout;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, hostname, resolve);
  });
  return {
    address: server.address() as AddressInfo,
    async shutDown(seconds) {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      await Promise.race([closed, pause(1000 * seconds, undefined, { ref: false })]);
      server.closeAllConnections();
    },
  };
}
