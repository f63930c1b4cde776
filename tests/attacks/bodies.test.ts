import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Server } from "../processes.ts";
import {
  healthDuring,
  modelsAreOpen,
  openConnection,
  type RawConnection,
  startDenoServer,
} from "../servers.ts";

/*
 * Bodies that are never ended: 60 of 8 MB once took 444 MB, and kept it.
 */

const TIMEOUT = 2;
/** What an array may have. */
const MAX_BYTES = 2 ** 20;

let server: Server;
beforeAll(async () => {
  server = await startDenoServer({ EDGEMORE_BODY_TIMEOUT: String(TIMEOUT) });
  await modelsAreOpen(server.address);
  return () => server.end();
});

/** Begins a request with a body, and sends some of it. */
async function beginBody(type: string, declared: number, sent: string): Promise<RawConnection> {
  const connection = await openConnection(server.address);
  connection.send(
    `POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${declared}\r\n\r\n${sent}`,
  );
  return connection;
}

/** Resident memory of the server, in bytes. */
function residentMemory(): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1];
  return 1024 * Number(kilobytes);
}

/** Waits until a connection has received what the pattern asks for. */
async function received(connection: RawConnection, pattern: RegExp): Promise<string> {
  for (let i = 0; i < 1000 && !pattern.test(connection.received()); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(connection.received()).toMatch(pattern);
  return connection.received();
}

describe("unfinished bodies", () => {
  test("hold little memory together, and make room for those that end", async () => {
    const before = residentMemory();
    const most = `["${"a".repeat(MAX_BYTES - 100)}`;
    const attackers: RawConnection[] = [];
    for (let i = 0; i < 60; i++) attackers.push(await beginBody("application/json", MAX_BYTES, most));
    // The oldest have been given up by now, and those that came last wait for their ends.
    const busy = await received(attackers[0], /503/);
    expect(busy.toLowerCase()).toContain("retry-after: 1");
    expect(busy).toContain("urn:edgemore:problem:server-busy");
    expect(attackers.at(-1)!.received()).toBe("");
    const answer = fetch(`${server.address}/score`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '["ada"]',
    });
    const { longest } = await healthDuring(server.address, answer);
    expect(longest).toBeLessThan(1000);
    expect((await answer).status).toBe(200);
    expect(residentMemory() - before).toBeLessThan(150e6);
  });

  test.each(["application/json", "text/plain"])(
    "of type %s are waited for so long and no longer",
    async (type) => {
      const connection = await beginBody(type, 1000, '["ada",');
      const text = await received(connection, /request-timeout/);
      expect(text).toContain(`kept the server waiting for ${TIMEOUT} s`);
      expect(text).toMatch(type === "text/plain" ? /^HTTP\/1\.1 200/ : /^HTTP\/1\.1 408/);
    },
  );

  test("that come at a trickle are given up as well", async () => {
    const connection = await beginBody("application/json", 100_000, "[");
    const drip = setInterval(() => connection.send(" "), 100);
    const text = await received(connection, /request-timeout/).finally(() => clearInterval(drip));
    expect(text).toMatch(/^HTTP\/1\.1 408/);
  });

  test("of text that come slowly enough to be read go on", async () => {
    const connection = await beginBody("text/plain", 5 * 20_000, "");
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      connection.send(`${"a".repeat(99)}\n`.repeat(200));
    }
    const text = await received(connection, /"line":1000\b|"name"[^]*\r\n0\r\n\r\n$/);
    expect(text).not.toContain("request-timeout");
  });
});
