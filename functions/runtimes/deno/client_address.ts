import type { Context } from "hono";
import { getConnInfo } from "hono/deno";
import { parseAddress } from "../../middleware/network_address.ts";

/**
 * Makes the function that says from which address a request came to a Deno server.
 *
 * @param trustProxy Whether the connection is a proxy's, which ends `X-Forwarded-For` with the address of its client.
 * Without a proxy, clients could call themselves what they like. Where that entry is no address, as in `unknown`, the
 * connection's own address counts.
 */
export function clientAddress(trustProxy: boolean): (context: Context) => string {
  return (context) => {
    const forwarded = trustProxy ? context.req.header("x-forwarded-for") : undefined;
    const last = forwarded?.slice(forwarded.lastIndexOf(",") + 1);
    return (last && parseAddress(last)) || getConnInfo(context).remote.address || "";
  };
}
