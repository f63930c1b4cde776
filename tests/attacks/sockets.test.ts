import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  openConnection,
  type RawConnection,
  startDenoProgram,
  startDenoWithFileLimit,
  UNBOUNDED_SERVER_ARGS,
} from "../servers.ts";

const GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
/** A request whose body never ends, so that it stays in progress. */
const UNFINISHED =
  "POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nada\n";

/** Opens a connection, and sends a text. */
async function open(address: string, text: string, localAddress?: string): Promise<RawConnection> {
  const connection = await openConnection(address, localAddress);
  connection.send(text);
  return connection;
}

describe("more connections than open files", () => {
  test("do not stop the server: it warns once, and accepts connections again", async () => {
    const { program, address } = await startDenoWithFileLimit(128, { EDGEMORE_MAX_CONNECTIONS: "1000" });
    // The server cannot close any of these connections, because each has a request in progress.
    const flood = await Promise.all(Array.from({ length: 300 }, () => open(address, UNFINISHED)));
    await program.printed(/warning: cannot accept connections, will go on trying: Too many open files/);
    await pause(500); // some more attempts, without a warning
    for (const { socket } of flood) socket.destroy();
    for (let i = 0; i < 5; i++) {
      expect((await fetch(`${address}/health`, { headers: { connection: "close" } })).status).toBe(200);
    }
    program.signal("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr.match(/cannot accept/g)).toHaveLength(1);
  });

  test("are answered if others are idle: the server closes those", async () => {
    const { program, address } = await startDenoWithFileLimit(128, {
      EDGEMORE_MAX_CONNECTIONS: "1000",
      EDGEMORE_HEADER_TIMEOUT: "3600",
    });
    const half = Array.from({ length: 200 }, () => open(address, "GET /health HTTP/1.1\r\nHo"));
    await Promise.all(half);
    await program.printed(/cannot accept connections/);
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});

describe("the time of a connection", () => {
  test("is limited for the header of the first and of later requests", async () => {
    const { program, address } = await startDenoProgram({
      EDGEMORE_HEADER_TIMEOUT: "1",
      EDGEMORE_IDLE_TIMEOUT: "1",
    });
    const half = "GET /health HTTP/1.1\r\nHost: a\r\nX-Padding: ";
    const attacks = await Promise.all(["", half, half, GET, GET + half].map((text) => open(address, text)));
    const drip = setInterval(() => attacks[2].send("a"), 50);
    onTestFinished(() => clearInterval(drip));
    const answers = await Promise.all(attacks.map(({ closed }) => closed));
    expect(answers.map((text) => text.slice(0, 15))).toEqual([
      "",
      "",
      "",
      "HTTP/1.1 200 OK",
      "HTTP/1.1 200 OK",
    ]);
    expect(program.pid).toBeGreaterThan(0);
  });

  test("is not limited while a request is in progress", async () => {
    const { address } = await startDenoProgram({
      EDGEMORE_HEADER_TIMEOUT: "1",
      EDGEMORE_IDLE_TIMEOUT: "1",
      EDGEMORE_SEND_TIMEOUT: "1",
    });
    const slow = await open(
      address,
      "POST /score?characters=false HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n" +
        "Connection: close\r\n\r\n",
    );
    slow.send("ada\n");
    await slow.waitFor(/"ada"/);
    await pause(2000); // twice each of the timeouts
    slow.send("bob\n");
    expect(await slow.closed).toContain('"bob"');
  });

  test("is limited for a client that does not read its answer", async () => {
    // Only one connection may be open. The client occupies it until the server aborts the answer.
    const { address } = await startDenoProgram({
      EDGEMORE_MAX_CONNECTIONS: "1",
      EDGEMORE_SEND_TIMEOUT: "1",
    });
    const lines = "eleanor\n".repeat(100_000); // an answer of 80 MB, more than fits into the system's buffers
    const greedy = await open(
      address,
      `POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${lines.length}\r\n\r\n`,
    );
    greedy.socket.pause();
    greedy.send(lines);
    await pause(200);
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});

describe("the number of connections", () => {
  test("of one client is limited, without an effect on other clients", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "3" });
    const busy = await Promise.all([1, 2, 3].map(() => open(address, UNFINISHED)));
    await Promise.all(busy.map(({ waitFor }) => waitFor(/"ada"/)));
    expect(await (await open(address, GET)).closed).toBe("");
    await (await open(address, GET, "127.0.0.2")).waitFor(/^HTTP\/1.1 200/);
  });

  test("of one client is limited by closing the connection that is idle longest", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "3" });
    const busy = await open(address, UNFINISHED);
    await busy.waitFor(/"ada"/);
    const idle = await open(address, GET);
    await idle.waitFor(/200 OK/);
    const later = await open(address, GET);
    await later.waitFor(/200 OK/);
    await (await open(address, GET)).waitFor(/200 OK/);
    expect(await idle.closed).toMatch(/200 OK/);
    later.send(GET);
    await later.waitFor(/200 OK[^]*200 OK/);
  });

  test("of all clients is limited: a flood displaces only its own connections", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS: "10" });
    const other = await open(address, GET, "127.0.0.2");
    await other.waitFor(/200 OK/);
    const flood: RawConnection[] = [];
    for (let i = 0; i < 30; i++) flood.push(await open(address, "GET /hea"));
    await Promise.all(flood.slice(0, 20).map(({ closed }) => closed)); // 9 or 10 stay open
    other.send(GET);
    await other.waitFor(/200 OK[^]*200 OK/);
    expect(flood.at(-1)!.socket.destroyed).toBe(false);
  });

  test("of all clients is limited: if all are busy, a new one waits", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS: "2" });
    const busy = await Promise.all([open(address, UNFINISHED), open(address, UNFINISHED)]);
    await Promise.all(busy.map(({ waitFor }) => waitFor(/"ada"/)));
    const waiting = await open(address, GET, "127.0.0.2");
    await pause(300);
    expect(waiting.received()).toBe("");
    busy[0].socket.destroy();
    await waiting.waitFor(/200 OK/);
  });
});

test("the server closes the page's files, however the client ends the request", async () => {
  const { program, address } = await startDenoWithFileLimit(128, {});
  const page = await (await fetch(`${address}/`)).text();
  const asset = /\/assets\/main-\w+\.js/.exec(page)![0];
  for (let i = 0; i < 100; i++) {
    for (const headers of ["Accept-Encoding: br", "Accept-Encoding: gzip, br", "Accept: text/html"]) {
      for (const method of ["GET", "HEAD"]) {
        for (const path of [asset, "/"]) {
          const { send, socket, closed } = await openConnection(address);
          send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\nConnection: close\r\n\r\n`);
          if (i % 2 === 0) await closed;
          else socket.destroy(); // before it reads the answer
        }
      }
    }
  }
  const { headers, status } = await fetch(address + asset, { headers: { "accept-encoding": "br" } });
  expect([status, headers.get("content-encoding")]).toEqual([200, "br"]);
  program.signal("SIGTERM");
  expect((await program.ended).stderr).toBe("");
});

test("an error has a Content-Length, even if the answer would have been a stream", async () => {
  const { address } = await startDenoProgram();
  const { status, headers } = await fetch(`${address}/score`, { method: "POST", body: "ada" });
  expect([status, headers.get("transfer-encoding")]).toEqual([200, "chunked"]);
  const refused = await fetch(`${address}/score?model=none`, { method: "POST", body: "ada" });
  expect([refused.status, refused.headers.get("transfer-encoding")]).toEqual([404, null]);
  expect(Number(refused.headers.get("content-length"))).toBe((await refused.arrayBuffer()).byteLength);
});

test("the server survives connections that clients reset", async () => {
  const { program, address } = await startDenoProgram();
  for (let i = 0; i < 20; i++) {
    const { send, socket } = await openConnection(address);
    socket.pause();
    send(GET.repeat(50));
    await pause(10);
    socket.destroy(); // with unread answers, so that the system resets the connection
  }
  expect((await fetch(`${address}/health`)).status).toBe(200);
  program.signal("SIGTERM");
  expect((await program.ended).code).toBe(0);
});

test("the server works with a warning on a Deno without serveHttpOnConnection", async () => {
  const { program, address } = await startDenoProgram({}, UNBOUNDED_SERVER_ARGS);
  expect((await fetch(`${address}/health`)).status).toBe(200);
  program.signal("SIGTERM");
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("has no serveHttpOnConnection, so connections are not bounded");
});
