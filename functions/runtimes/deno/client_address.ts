import type { Context } from "hono";
import { getConnInfo } from "hono/deno";
import { parseAddress } from "../../middleware/network_address.ts";

/**
 * Makes a function that finds a request's client address on Deno.
 *
 * @param trustProxy Whether requests come through a proxy that appends its client's address to `X-Forwarded-For`. Without a
 * proxy, clients could write any address there. If the last entry is not an address, for example `unknown`, the address of
 * the connection is used.
 */
export function clientAddress(trustProxy: boolean): (context: Context) => string {
  return (context) => {
    const forwarded = trustProxy ? context.req.header("x-forwarded-for") : undefined;
    const last = forwarded?.slice(forwarded.lastIndexOf(",") + 1);
    return (last && parseAddress(last)) || getConnInfo(context).remote.address || "";
  };
}
