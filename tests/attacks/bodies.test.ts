import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Server } from "../processes.ts";
import {
  healthDuring,
  openConnection,
  type RawConnection,
  startDenoServer,
  waitForModels,
} from "../servers.ts";

/*
 * Request bodies that never end: 60 of them, of 8 MB each, once occupied 444 MB for good.
 */

/** The server's EDGEMORE_BODY_TIMEOUT, in seconds. */
const TIMEOUT = 2;
/** The largest body of a JSON array. */
const MAX_BYTES = 2 ** 20;

let server: Server;
beforeAll(async () => {
  server = await startDenoServer({ EDGEMORE_BODY_TIMEOUT: String(TIMEOUT) });
  await waitForModels(server.address);
  return () => server.end();
});

/** Starts a request that declares the length of its body, and sends the beginning of the body. */
async function startBody(type: string, declared: number, sent: string): Promise<RawConnection> {
  const connection = await openConnection(server.address);
  connection.send(
    `POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${declared}\r\n\r\n${sent}`,
  );
  return connection;
}

/** The server's resident memory, in bytes. */
function residentMemory(): number {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1];
  return 1024 * Number(kilobytes);
}

describe("unfinished bodies", () => {
  test("take little memory, and the oldest make room for new requests", async () => {
    const before = residentMemory();
    const unfinished = `["${"a".repeat(MAX_BYTES - 100)}`;
    const attackers: RawConnection[] = [];
    for (let i = 0; i < 60; i++) attackers.push(await startBody("application/json", MAX_BYTES, unfinished));
    // The server has rejected the oldest requests by now, and still waits for the bodies of the newest.
    const busy = await attackers[0].waitFor(/503/);
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
    "of type %s are rejected after the timeout",
    async (type) => {
      const connection = await startBody(type, 1000, '["ada",');
      const text = await connection.waitFor(/request-timeout/);
      expect(text).toContain(`kept the server waiting for ${TIMEOUT} s`);
      expect(text).toMatch(type === "text/plain" ? /^HTTP\/1\.1 200/ : /^HTTP\/1\.1 408/);
    },
  );

  test("that are sent byte by byte are rejected as well", async () => {
    const connection = await startBody("application/json", 100_000, "[");
    const drip = setInterval(() => connection.send(" "), 100);
    const text = await connection.waitFor(/request-timeout/).finally(() => clearInterval(drip));
    expect(text).toMatch(/^HTTP\/1\.1 408/);
  });

  test("of text are accepted if they take longer than the timeout but send enough bytes", async () => {
    const connection = await startBody("text/plain", 5 * 20_000, "");
    for (let i = 0; i < 5; i++) {
      await pause(1000);
      connection.send(`${"a".repeat(99)}\n`.repeat(200));
    }
    const text = await connection.waitFor(/"line":1000\b|"name"[^]*\r\n0\r\n\r\n$/);
    expect(text).not.toContain("request-timeout");
  });
});
