import type { Context } from "hono";
import { getConnInfo } from "hono/deno";

/**
 * Makes the function that says from which address a request came to a Deno server.
 *
 * @param trustProxy Whether the connection is a proxy's, which ends `X-Forwarded-For` with the address that it was
 * asked from. Where there is none, a client would call itself what it likes.
 */
export function clientAddress(trustProxy: boolean): (context: Context) => string {
  return (context) => {
    const forwarded = trustProxy ? context.req.header("x-forwarded-for") : undefined;
    return forwarded?.split(",").at(-1)?.trim() || getConnInfo(context).remote.address || "";
  };
}
