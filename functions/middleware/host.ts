import { Problem } from "../problem.ts";

/** The longest host name in DNS, and a port. */
const MAX_HOST_LENGTH = 261;
/** A name, an IPv4 address or an IPv6 address in brackets, and an optional port. */
const AUTHORITY = String.raw`(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?`;
const HOST = new RegExp(`^${AUTHORITY}$`, "i");
const URL_BEGINNING = new RegExp(`^https?://${AUTHORITY}/`, "i");

/** The last `Host` that was valid, and the beginning of its URL. Most requests have the same, and need no check. */
let lastHost: string | undefined;
let lastBeginning = "";

/**
 * Checks that a request's host is only a host. Runtimes concatenate scheme, `Host` and target to the URL of the request, so a
 * `Host` with a path or a query would change the route, and a cache would store the response for another URL. The host of a
 * target that is a whole URL, as sent to a proxy, is checked too.
 *
 * @param url The URL of the request.
 * @param host Its `Host`, or null if there is none.
 * @returns A problem with status 400 if `Host` or the URL's authority is neither HOST nor HOST:PORT. A request without
 * `Host`, as in HTTP/2, is valid.
 */
export function hostProblem(url: string, host: string | null): Problem | undefined {
  if (host === lastHost && url.startsWith(lastBeginning)) return undefined;
  if (host !== null && (host.length > MAX_HOST_LENGTH || !HOST.test(host))) return invalidHost("Host", host);
  const [beginning] = URL_BEGINNING.exec(url) ?? [];
  if (beginning === undefined) return invalidHost("The address", url);
  if (host !== null) [lastHost, lastBeginning] = [host, beginning];
  return undefined;
}

function invalidHost(what: string, value: string): Problem {
  const got = JSON.stringify(value.slice(0, MAX_HOST_LENGTH));
  return new Problem("invalid-host", `${what} must have a host, and at most a port with it, got ${got}`);
}
