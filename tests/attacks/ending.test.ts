import { describe, expect, test } from "vitest";
import { serverSentEvents } from "../server_sent_events.ts";
import { openConnection, SERVER_ARGS, startDenoProgram } from "../servers.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
/** A stream of names that takes a second or more: each character waits for a run of its own, for its context is new. */
const SLOW =
  "GET /generate?compat=torch&n=100&min_length=256&max_length=256&temperature=5&seed=1 HTTP/1.1\r\n" +
  "Host: a\r\nAccept: text/event-stream\r\n\r\n";
/** The server as it is where Deno does not let us accept connections. */
const UNBOUNDED = [
  "run",
  "--preload",
  "tests/attacks/without_serve_http_on_connection.ts",
  ...SERVER_ARGS.slice(1),
];

describe.each([["bounded", SERVER_ARGS], ["unbounded", UNBOUNDED]])(
  "the %s server, told to end",
  (_, args) => {
    test("finishes an answer that is read slowly, of lines of which half are sent later", async () => {
      const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "60" }, args);
      // 12 MB of answer: more than the system's buffers take.
      const half = new TextEncoder().encode("eleanor\n".repeat(8000));
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
      const body = writable.getWriter();
      void body.write(half);
      const response = await fetch(`${address}/score`, {
        method: "POST",
        headers: { "content-type": "text/plain" },
        body: readable,
      });
      const reader = response.body!.getReader();
      let text = new TextDecoder().decode((await reader.read()).value);
      program.signal("SIGTERM");
      program.signal("SIGTERM"); // a second one changes nothing
      void body.write(half).then(() => body.close());
      for (let pieces = 0;; pieces++) {
        const { done, value } = await reader.read();
        if (done) break;
        text += new TextDecoder().decode(value);
        if (pieces < 20) await pause(50); // a second: three times as long as it once took to be cut
      }
      expect(text.split("\n")).toHaveLength(16_001);
      expect((await program.ended).code).toBe(0);
    });

    test("finishes a stream of events", async () => {
      const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "60" }, args);
      const response = await fetch(`${address}/generate?n=1000&seed=1`, {
        headers: { accept: "text/event-stream" },
      });
      const events = serverSentEvents(response.body!);
      const names = [];
      for await (const { event, data } of events) {
        if (names.length === 0) program.signal("SIGTERM");
        if (names.length % 100 === 0) await pause(50);
        if (event === "name") names.push(data);
        else expect([event, data]).toMatchObject(["end", { count: 1000 }]);
      }
      expect(names).toHaveLength(1000);
      expect((await program.ended).code).toBe(0);
    });

    test("cuts in the end what is not finished", async () => {
      const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "1" }, args);
      const stuck = await openConnection(address);
      stuck.send(
        "POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nada\n",
      );
      while (!stuck.received().includes('"ada"')) await pause(10);
      program.signal("SIGTERM");
      expect((await program.ended).code).toBe(0);
    });
  },
);

describe("the bounded server, told to end", () => {
  test("cuts in the end answers that were made and are not read", async () => {
    const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "1" });
    const greedy = await openConnection(address);
    greedy.socket.pause();
    greedy.send("GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500)); // 20 MB or more
    await pause(500);
    program.signal("SIGTERM");
    expect((await program.ended).code).toBe(0);
  });

  test("answers what it has received, in one piece with other requests too, and nothing later", async () => {
    const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "60" });
    const idle = await openConnection(address);
    idle.send(GET);
    const half = await openConnection(address);
    half.send("GET /heal");
    const busy = await openConnection(address);
    busy.send(SLOW + GET.repeat(3));
    while (!busy.received().includes("event: name")) await pause(10);
    program.signal("SIGTERM");
    // The connections without a request are closed, so it knows that it is to end.
    expect(await half.closed).toBe("");
    expect(await idle.closed).toMatch(/^HTTP\/1.1 200/);
    await expect(fetch(`${address}/health`)).rejects.toThrow();
    expect(busy.received()).not.toContain("event: end");
    const text = await busy.closed;
    expect(text).toMatch(/event: end\ndata: .*"count":100/);
    expect(text.split("event: end")[1].match(/HTTP\/1.1 200/g)).toHaveLength(3);
    expect((await program.ended).code).toBe(0);
  });

  test("tells clients that keep their connections that it closes them", async () => {
    const { program, address } = await startDenoProgram();
    // Each asks again some time after its last answer, before, while and after the server is told.
    const clients = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const client = await openConnection(address);
      const ask = setInterval(() => client.send(GET), 30 + i);
      void client.closed.then(() => clearInterval(ask));
      return client;
    }));
    await Promise.all(clients.map(async ({ received }) => {
      while (!received().includes("200 OK")) await pause(10);
    }));
    program.signal("SIGTERM");
    const answers = await Promise.all(clients.map(({ closed }) => closed));
    const told = answers.filter((text) => /connection: close/i.test(text));
    expect(told.length).toBeGreaterThan(0);
    expect(told.flatMap((text) => text.match(/connection: close/gi))).toHaveLength(told.length);
    for (const text of told) expect(text.split("HTTP/1.1 200").at(-1)).toMatch(/connection: close/i);
    expect((await program.ended).code).toBe(0);
  });
});
