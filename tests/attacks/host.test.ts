import { describe, expect, test } from "vitest";
import { openConnection, startBothServers } from "../servers.ts";

const servers = startBothServers();

describe.each(["deno", "workerd"])("%s", (runtime) => {
  /** Sends a request line and headers unchanged, and reads the answer to its end: workerd is slow to close. */
  async function ask(...lines: string[]): Promise<string> {
    const { send, closed, received, socket } = await openConnection(servers.get(runtime)!.address);
    const whole = new Promise<string>((resolve) => {
      socket.on("data", () => {
        const [head, body] = received().split(/\r\n\r\n([^]*)/);
        const length = /^content-length: (\d+)$/mi.exec(head)?.[1];
        if (
          body !== undefined && (length !== undefined ? body.length >= +length : body.endsWith("0\r\n\r\n"))
        ) {
          resolve(received());
        }
      });
    });
    send([...lines, "Connection: close", "", ""].join("\r\n"));
    return await Promise.race([whole, closed]);
  }

  /** workerd answers some malformed requests with 500 and a line of text, before the Worker sees them. */
  const REFUSED = runtime === "workerd" ? /^HTTP\/1.1 (400|500)(?![^]*eleanor)/ : /^HTTP\/1.1 4\d\d /;
  const TARGET = "GET /score?name=andrej HTTP/1.1";

  test.each([
    "x/score?name=eleanor#",
    "x/score?name=eleanor&ignored=",
    "x?name=eleanor#",
    "x#",
    "x\\score?name=eleanor#",
    "user@x",
    "user:password@x",
    "x, y",
    "x y",
    "[::1",
    "[::1]x",
    "x:80:80",
    "x:port",
    "http://x",
    "x%2fscore",
    `${"x".repeat(300)}.example`,
  ])("rejects Host: %s", async (host) => {
    const answer = await ask(TARGET, `Host: ${host}`);
    if (runtime === "workerd") return expect(answer).toMatch(REFUSED);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toMatch(/^content-type: application\/problem\+json/mi);
    expect(answer).toMatch(/^cache-control: no-store/mi);
    expect(answer).toContain("urn:edgemore:problem:invalid-host");
  });

  test("rejects two Host headers", async () => {
    expect(await ask(TARGET, "Host: a", "Host: b/score?name=eleanor#")).toMatch(REFUSED);
  });

  test.each([
    "localhost",
    "names.example.com:8000",
    "127.0.0.1:80",
    "[::1]",
    "[2001:db8::1]:8000",
    "my_service",
  ])(
    "accepts Host: %s",
    async (host) => {
      const answer = await ask(TARGET, `Host: ${host}`);
      expect(answer).toMatch(/^HTTP\/1.1 200 /);
      expect(answer).toContain('"name":"andrej"');
    },
  );

  test("routes a request target that is a full URL by its path, whatever the Host header is", async () => {
    const answer = await ask("GET http://a.example/score?name=andrej HTTP/1.1", "Host: b.example");
    if (runtime === "workerd") return expect(answer).toMatch(REFUSED);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain('"name":"andrej"');
  });

  test.each([
    "http://user@a/score?name=andrej",
    "http://a?/score?name=andrej",
    "http://a#/score?name=andrej",
  ])(
    "rejects the request target %s",
    async (target) => {
      expect(await ask(`GET ${target} HTTP/1.1`, "Host: a")).toMatch(REFUSED);
    },
  );

  test("without a Host header, rejects the request or scores the name in its target", async () => {
    expect(await ask(TARGET)).toMatch(/^HTTP\/1.1 (400 |200 [^]*"name":"andrej")/);
  });
});
