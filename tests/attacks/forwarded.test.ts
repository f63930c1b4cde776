import { expect, test } from "vitest";
import { openConnection, startDenoProgram } from "../servers.ts";

const SETTINGS = { EDGEMORE_RATE_LIMIT: "3/60s", EDGEMORE_TRUST_PROXY: "true" };

/** Makes a request with X-Forwarded-For, like a proxy, and returns the status. */
async function ask(address: string, forwarded: string, localAddress?: string): Promise<number> {
  const { send, closed } = await openConnection(address, localAddress);
  send(
    `GET /score?name=a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwarded}\r\nConnection: close\r\n\r\n`,
  );
  return Number((await closed).slice("HTTP/1.1 ".length, 12));
}

test.each([
  ["an IPv4 address with different ports", (i: number) => `192.0.2.1:${50_000 + i}`],
  [
    "an IPv4 address in different notations",
    (i: number) => ["192.0.2.1", '"192.0.2.1:80"', "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:8"][i],
  ],
  ["IPv6 addresses of one /64 network with different ports", (i: number) => `[2001:db8::${i}]:${50_000 + i}`],
  [
    "an address after different other ones",
    (i: number) => `198.51.100.${i}, 203.0.113.${i}:80, 192.0.2.1:${i}`,
  ],
  ["different texts that are not addresses", (i: number) => `unknown-${i}`],
])("the rate limit counts as one client: %s", async (_, forwarded) => {
  const { address } = await startDenoProgram(SETTINGS);
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await ask(address, forwarded(i)));
  expect(statuses).toEqual([200, 200, 200, 429]);
  // Other clients are not limited. Without a valid address, the address of the connection counts.
  expect(await ask(address, "192.0.2.2")).toBe(200);
  expect(await ask(address, "unknown", "127.0.0.9")).toBe(200);
});

test("X-Forwarded-For is ignored without EDGEMORE_TRUST_PROXY", async () => {
  const { address } = await startDenoProgram({ ...SETTINGS, EDGEMORE_TRUST_PROXY: "false" });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await ask(address, `192.0.2.${i}`));
  expect(statuses).toEqual([200, 200, 200, 429]);
});
