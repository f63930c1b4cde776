/** The longest text of an address: IPv6 with an embedded IPv4, brackets, a port, and quotes around all. */
const MAX_ADDRESS_LENGTH = 64;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[\da-f:]+(?:\d+\.\d+\.\d+\.\d+)?$/i;
/** The beginning of an IPv4 address that is mapped into IPv6, and its two last groups (RFC 4291, section 2.5.5.2). */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/**
 * Reads an address as proxies write it into `X-Forwarded-For`: of IPv4 or IPv6, with a port or without, in quotes or
 * without; IPv6 with a port stands in brackets.
 *
 * @returns The address alone, in its one canonical form, IPv4 where it is mapped into IPv6; undefined if it is none.
 */
export function parseAddress(text: string): string | undefined {
  if (text.length > MAX_ADDRESS_LENGTH) return undefined;
  const trimmed = text.trim();
  const plain = /^"(.*)"$/.exec(trimmed)?.[1].trim() ?? trimmed;
  const [, bracketed] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(plain) ?? [];
  if (bracketed !== undefined) return parseIpv6(bracketed);
  const [, ipv4] = /^([\d.]+)(?::\d{1,5})?$/.exec(plain) ?? [];
  if (ipv4 !== undefined) return IPV4.test(ipv4) ? ipv4 : undefined;
  return parseIpv6(plain);
}

function parseIpv6(text: string): string | undefined {
  const [address] = text.split("%", 1); // the zone of a link-local address says nothing of the client
  if (!IPV6.test(address) || !URL.canParse(`http://[${address}]/`)) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = MAPPED.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/**
 * Names the client who has an address: the address of IPv4, or the first four groups of IPv6, since a household or a
 * machine is given the 2^64 addresses that begin alike.
 */
export function clientOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined || !parsed.includes(":")) return parsed ?? address;
  const [head, tail = ""] = parsed.split("::").map((part) => part === "" ? [] : part.split(":"));
  const zeros = new Array<string>(8 - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}
