import { Problem } from "../problem.ts";

/** The longest name that DNS allows, and a port. */
const MAX_HOST_LENGTH = 261;
/** A name, an address of IPv4, or one of IPv6 in brackets; then a port or none. */
const AUTHORITY = String.raw`(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?`;
const HOST = new RegExp(`^${AUTHORITY}$`, "i");
const URL_BEGINNING = new RegExp(`^https?://${AUTHORITY}/`, "i");

/**
 * Finds requests whose host is more than a host. Runtimes make a request's URL by joining scheme, `Host` and target, so a
 * `Host` with a path or a query would choose the route, and caches would keep the answer for another question. A target
 * that is a whole URL, as a proxy is asked, must have a plain host too.
 *
 * @returns A problem with status 400 if `Host` or the URL's authority is anything but HOST or HOST:PORT. A request
 * without `Host`, as in HTTP/2, has none.
 */
export function hostProblem({ headers, url }: Request): Problem | undefined {
  const host = headers.get("host");
  if (host !== null && (host.length > MAX_HOST_LENGTH || !HOST.test(host))) return invalidHost("Host", host);
  return URL_BEGINNING.test(url) ? undefined : invalidHost("The address", url);
}

function invalidHost(what: string, value: string): Problem {
  const got = JSON.stringify(value.slice(0, MAX_HOST_LENGTH));
  return new Problem("invalid-host", `${what} must have a host, and at most a port with it, got ${got}`);
}
