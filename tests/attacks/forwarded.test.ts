import { expect, test } from "vitest";
import { openConnection, startDenoProgram } from "../servers.ts";

const SETTINGS = { EDGEMORE_RATE_LIMIT: "3/60s", EDGEMORE_TRUST_PROXY: "true" };

/** Asks as a proxy does, and returns the status. */
async function ask(address: string, forwarded: string, localAddress?: string): Promise<number> {
  const { send, closed } = await openConnection(address, localAddress);
  send(
    `GET /score?name=a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwarded}\r\nConnection: close\r\n\r\n`,
  );
  return Number((await closed).slice("HTTP/1.1 ".length, 12));
}

test.each([
  ["IPv4 with ports", (i: number) => `192.0.2.1:${50_000 + i}`],
  [
    "IPv4 in every form",
    (i: number) => ["192.0.2.1", '"192.0.2.1:80"', "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:8"][i],
  ],
  ["IPv6 with ports", (i: number) => `[2001:db8::${i}]:${50_000 + i}`],
  ["behind other entries", (i: number) => `198.51.100.${i}, 203.0.113.${i}:80, 192.0.2.1:${i}`],
  ["no address at all", (i: number) => `unknown-${i}`],
])("a client is one, whatever a proxy writes: %s", async (_, forwarded) => {
  const { address } = await startDenoProgram(SETTINGS);
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await ask(address, forwarded(i)));
  expect(statuses).toEqual([200, 200, 200, 429]);
  // Others may ask, and what is no address counts for the connection that it came by.
  expect(await ask(address, "192.0.2.2")).toBe(200);
  expect(await ask(address, "unknown", "127.0.0.9")).toBe(200);
});

test("without a proxy, X-Forwarded-For is not believed", async () => {
  const { address } = await startDenoProgram({ ...SETTINGS, EDGEMORE_TRUST_PROXY: "false" });
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push(await ask(address, `192.0.2.${i}`));
  expect(statuses).toEqual([200, 200, 200, 429]);
});
