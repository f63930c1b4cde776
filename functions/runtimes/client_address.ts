import type { Context } from "hono";
import type { GetConnInfo } from "hono/conninfo";
import { parseAddress } from "../middleware/network_address.ts";

/**
 * Makes a function that finds a request's client address.
 *
 * @param trustProxy Whether requests come through a proxy that appends its client's address to `X-Forwarded-For`. Without a
 * proxy, clients could write any address there. If the last entry is not an address, for example `unknown`, the address of
 * the connection is used.
 * @param getConnInfo Hono's helper of the runtime, which knows the address of the connection.
 */
export function clientAddress(
  trustProxy: boolean,
  getConnInfo: GetConnInfo,
): (context: Context) => string {
  return (context) => {
    const forwarded = trustProxy ? context.req.header("x-forwarded-for") : undefined;
    const last = forwarded?.slice(forwarded.lastIndexOf(",") + 1);
    return (last && parseAddress(last)) || getConnInfo(context).remote.address || "";
  };
}
