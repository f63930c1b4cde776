import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { serverSentEvents } from "../server_sent_events.ts";
import { openConnection, SERVER_ARGS, startDenoProgram, UNBOUNDED_SERVER_ARGS } from "../servers.ts";

const GET = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
/** A stream of names that takes a second or more, because nearly every character needs a run of the model. */
const SLOW =
  "GET /generate?compat=torch&n=100&min_length=256&max_length=256&temperature=5&seed=1 HTTP/1.1\r\n" +
  "Host: a\r\nAccept: text/event-stream\r\n\r\n";

describe.each([["bounded", SERVER_ARGS], ["unbounded", UNBOUNDED_SERVER_ARGS]])(
  "the %s server, at SIGTERM",
  (_, args) => {
    test("finishes an answer to a client that reads slowly and still sends its request", async () => {
      const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "60" }, args);
      // An answer of 12 MB, more than fits into the system's buffers.
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
      program.signal("SIGTERM"); // a second signal has no effect
      void body.write(half).then(() => body.close());
      for (let pieces = 0;; pieces++) {
        const { done, value } = await reader.read();
        if (done) break;
        text += new TextDecoder().decode(value);
        if (pieces < 20) await pause(50); // one second: the server once aborted such answers after a third of that
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

    test("aborts unfinished requests after the timeout", async () => {
      const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "1" }, args);
      const stuck = await openConnection(address);
      stuck.send(
        "POST /score HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nada\n",
      );
      await stuck.waitFor(/"ada"/);
      program.signal("SIGTERM");
      expect((await program.ended).code).toBe(0);
    });
  },
);

describe("the bounded server, at SIGTERM", () => {
  test("aborts answers that the client does not read after the timeout", async () => {
    const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "1" });
    const greedy = await openConnection(address);
    greedy.socket.pause();
    greedy.send("GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n".repeat(500)); // 20 MB or more
    await pause(500);
    program.signal("SIGTERM");
    expect((await program.ended).code).toBe(0);
  });

  test("answers all requests that it has received, also pipelined ones, and no later ones", async () => {
    const { program, address } = await startDenoProgram({ EDGEMORE_SHUTDOWN_TIMEOUT: "60" });
    const idle = await openConnection(address);
    idle.send(GET);
    const half = await openConnection(address);
    half.send("GET /heal");
    const busy = await openConnection(address);
    busy.send(SLOW + GET.repeat(3));
    await busy.waitFor(/event: name/);
    program.signal("SIGTERM");
    // The server has received the signal when it closes the connections without a request.
    expect(await half.closed).toBe("");
    expect(await idle.closed).toMatch(/^HTTP\/1.1 200/);
    await expect(fetch(`${address}/health`)).rejects.toThrow();
    expect(busy.received()).not.toContain("event: end");
    const text = await busy.closed;
    expect(text).toMatch(/event: end\ndata: .*"count":100/);
    expect(text.split("event: end")[1].match(/HTTP\/1.1 200/g)).toHaveLength(3);
    expect((await program.ended).code).toBe(0);
  });

  test.each([
    ["with a promise", GET],
    ["without one", "GET /score?model=mlp&name=a HTTP/1.1\r\nHost: a\r\n\r\n"],
  ])("sends Connection: close in the last answer on each connection, made %s", async (_, request) => {
    const { program, address } = await startDenoProgram();
    // Each client makes a request every few milliseconds, before, during and after the signal.
    const clients = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      const client = await openConnection(address);
      const ask = setInterval(() => client.send(request), 30 + i);
      void client.closed.then(() => clearInterval(ask));
      return client;
    }));
    await Promise.all(clients.map(({ waitFor }) => waitFor(/200 OK/)));
    program.signal("SIGTERM");
    const answers = await Promise.all(clients.map(({ closed }) => closed));
    const announced = answers.filter((text) => /connection: close/i.test(text));
    expect(announced.length).toBeGreaterThan(0);
    expect(announced.flatMap((text) => text.match(/connection: close/gi))).toHaveLength(announced.length);
    for (const text of announced) expect(text.split("HTTP/1.1 200").at(-1)).toMatch(/connection: close/i);
    expect((await program.ended).code).toBe(0);
  });
});
