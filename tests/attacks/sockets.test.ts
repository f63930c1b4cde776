import { describe, expect, onTestFinished, test } from "vitest";
import {
  openConnection,
  type RawConnection,
  SERVER_ARGS,
  startDenoProgram,
  startDenoWithFiles,
} from "../servers.ts";

const GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
/** A request that is under way until its body ends. */
const BUSY =
  "POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nada\n";
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when a connection has received something. */
async function received({ received, socket }: RawConnection, pattern: RegExp): Promise<void> {
  while (!pattern.test(received())) {
    await new Promise<void>((resolve, reject) => {
      socket.once("data", () => resolve());
      socket.once("close", () => reject(new Error(`It was closed after ${JSON.stringify(received())}`)));
    });
  }
}

async function open(address: string, text: string, localAddress?: string): Promise<RawConnection> {
  const connection = await openConnection(address, localAddress);
  connection.send(text);
  return connection;
}

describe("more connections than the system lets the process have", () => {
  test("do not end the server: it accepts again, and says so once", async () => {
    const { program, address } = await startDenoWithFiles(128, { EDGEMORE_MAX_CONNECTIONS: "1000" });
    // With a request under way, none can be closed to make room.
    const flood = await Promise.all(Array.from({ length: 300 }, () => open(address, BUSY)));
    await program.printed(/warning: cannot accept connections, will go on trying: Too many open files/);
    await pause(500); // some more attempts, which say nothing
    for (const { socket } of flood) socket.destroy();
    for (let i = 0; i < 5; i++) {
      expect((await fetch(`${address}/health`, { headers: { connection: "close" } })).status).toBe(200);
    }
    program.signal("SIGTERM");
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr.match(/cannot accept/g)).toHaveLength(1);
  });

  test("are answered beside idle ones, which make room", async () => {
    const { program, address } = await startDenoWithFiles(128, {
      EDGEMORE_MAX_CONNECTIONS: "1000",
      EDGEMORE_HEADER_TIMEOUT: "3600",
    });
    const half = Array.from({ length: 200 }, () => open(address, "GET /health HTTP/1.1\r\nHo"));
    await Promise.all(half);
    await program.printed(/cannot accept connections/);
    expect((await fetch(`${address}/health`)).status).toBe(200);
  });
});

describe("time", () => {
  test("is limited for a header, at the beginning and after an answer", async () => {
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

  test("is not limited for a request that is under way", async () => {
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
    await received(slow, /"ada"/);
    await pause(2000); // twice what the client may take to do what it is waited for
    slow.send("bob\n");
    expect(await slow.closed).toContain('"bob"');
  });

  test("is limited for a client that does not read its answer", async () => {
    // The one connection that may be open is busy until the server gives up its answer.
    const { address } = await startDenoProgram({
      EDGEMORE_MAX_CONNECTIONS: "1",
      EDGEMORE_SEND_TIMEOUT: "1",
    });
    const lines = "eleanor\n".repeat(100_000); // 80 MB of answer, more than the system's buffers take
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

describe("connections", () => {
  test("of one client are limited, and those of others stay", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "3" });
    const busy = await Promise.all([1, 2, 3].map(() => open(address, BUSY)));
    await Promise.all(busy.map((connection) => received(connection, /"ada"/)));
    expect(await (await open(address, GET)).closed).toBe("");
    await received(await open(address, GET, "127.0.0.2"), /^HTTP\/1.1 200/);
  });

  test("of one client make room for its own when they are idle", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS_PER_CLIENT: "3" });
    const busy = await open(address, BUSY);
    await received(busy, /"ada"/);
    const idle = await open(address, GET);
    await received(idle, /200 OK/);
    const later = await open(address, GET);
    await received(later, /200 OK/);
    await received(await open(address, GET), /200 OK/);
    expect(await idle.closed).toMatch(/200 OK/);
    later.send(GET);
    await received(later, /200 OK[^]*200 OK/);
  });

  test("in all are limited: a flood displaces its own, and no other client's", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS: "10" });
    const other = await open(address, GET, "127.0.0.2");
    await received(other, /200 OK/);
    const flood: RawConnection[] = [];
    for (let i = 0; i < 30; i++) flood.push(await open(address, "GET /hea"));
    await Promise.all(flood.slice(0, 20).map(({ closed }) => closed)); // 9 or 10 are left
    other.send(GET);
    await received(other, /200 OK[^]*200 OK/);
    expect(flood.at(-1)!.socket.destroyed).toBe(false);
  });

  test("in all are limited: when all are busy, others wait until one is not", async () => {
    const { address } = await startDenoProgram({ EDGEMORE_MAX_CONNECTIONS: "2" });
    const busy = await Promise.all([open(address, BUSY), open(address, BUSY)]);
    await Promise.all(busy.map((connection) => received(connection, /"ada"/)));
    const waiting = await open(address, GET, "127.0.0.2");
    await pause(300);
    expect(waiting.received()).toBe("");
    busy[0].socket.destroy();
    await received(waiting, /200 OK/);
  });
});

test("files of the page are closed again, whatever a client takes of them", async () => {
  const { program, address } = await startDenoWithFiles(128, {});
  const page = await (await fetch(`${address}/`)).text();
  const asset = /\/assets\/main-\w+\.js/.exec(page)![0];
  for (let i = 0; i < 100; i++) {
    for (const headers of ["Accept-Encoding: br", "Accept-Encoding: gzip, br", "Accept: text/html"]) {
      for (const method of ["GET", "HEAD"]) {
        for (const path of [asset, "/"]) {
          const { send, socket, closed } = await openConnection(address);
          send(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\nConnection: close\r\n\r\n`);
          if (i % 2 === 0) await closed;
          else socket.destroy(); // before it has read anything
        }
      }
    }
  }
  const { headers, status } = await fetch(address + asset, { headers: { "accept-encoding": "br" } });
  expect([status, headers.get("content-encoding")]).toEqual([200, "br"]);
  program.signal("SIGTERM");
  expect((await program.ended).stderr).toBe("");
});

test("a refusal has its length, also where the answer would have been a stream", async () => {
  const { address } = await startDenoProgram();
  const { status, headers } = await fetch(`${address}/score`, { method: "POST", body: "ada" });
  expect([status, headers.get("transfer-encoding")]).toEqual([200, "chunked"]);
  const refused = await fetch(`${address}/score?model=none`, { method: "POST", body: "ada" });
  expect([refused.status, refused.headers.get("transfer-encoding")]).toEqual([404, null]);
  expect(Number(refused.headers.get("content-length"))).toBe((await refused.arrayBuffer()).byteLength);
});

test("connections that clients reset harm nobody", async () => {
  const { program, address } = await startDenoProgram();
  for (let i = 0; i < 20; i++) {
    const { send, socket } = await openConnection(address);
    socket.pause();
    send(GET.repeat(50));
    await pause(10);
    socket.destroy(); // answers are unread, so the system resets the connection
  }
  expect((await fetch(`${address}/health`)).status).toBe(200);
  program.signal("SIGTERM");
  expect((await program.ended).code).toBe(0);
});

test("where Deno does not let connections be bounded, the server says so and answers", async () => {
  const { program, address } = await startDenoProgram({}, [
    "run",
    "--preload",
    "tests/attacks/without_serve_http_on_connection.ts",
    ...SERVER_ARGS.slice(1),
  ]);
  expect((await fetch(`${address}/health`)).status).toBe(200);
  program.signal("SIGTERM");
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stderr).toContain("has no serveHttpOnConnection, so connections are not bounded");
});
