import { expandIPv6 } from "hono/utils/ipaddr";

/** The longest text of an address: IPv6 with an embedded IPv4 address, brackets, port and quotes. */
const MAX_ADDRESS_LENGTH = 64;

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const IPV6 = /^[\da-f:]+(?:\d+\.\d+\.\d+\.\d+)?$/i;
/** An IPv4-mapped IPv6 address (RFC 4291, section 2.5.5.2), with its last two groups. */
const MAPPED = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/;

/**
 * Parses an IPv4 or IPv6 address as proxies write it to `X-Forwarded-For`: with or without a port, and with or without quotes.
 * IPv6 with a port is in brackets.
 *
 * @returns The address in canonical form without the port, an IPv4-mapped address as IPv4; undefined if it is not an address.
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
  const [address] = text.split("%", 1); // the zone of a link-local address does not identify the client
  if (!IPV6.test(address) || !URL.canParse(`http://[${address}]/`)) return undefined;
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = MAPPED.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [parseInt(mapped[1], 16), parseInt(mapped[2], 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/**
 * The client that has an address: an IPv4 address, or the first four groups of an IPv6 address, since a household or a machine
 * is given all 2^64 addresses with that prefix.
 */
export function clientOf(address: string): string {
  const parsed = parseAddress(address);
  if (parsed === undefined || !parsed.includes(":")) return parsed ?? address;
  return expandIPv6(parsed).split(":").slice(0, 4).join(":");
}
