import { expect, test } from "vitest";
import { openConnection, startBothServers } from "../servers.ts";

/*
 * HEAD must send the headers of GET without doing its work.
 */

const servers = startBothServers();

/** Sends a request on a new connection, and returns the raw response. */
async function rawResponse(runtime: string, method: string, path: string, accept: string): Promise<string> {
  const { address } = servers.get(runtime)!;
  const connection = await openConnection(address);
  connection.send(
    `${method} ${path} HTTP/1.1\r\nhost: ${
      new URL(address).host
    }\r\naccept: ${accept}\r\nconnection: close\r\n\r\n`,
  );
  return await connection.closed;
}

test.each(["deno", "workerd"])("%s answers HEAD of a stream without a length or a body", async (runtime) => {
  const path = "/generate?n=1000&min_length=60&temperature=5";
  const answer = await rawResponse(runtime, "HEAD", path, "text/event-stream");
  const [headers, body] = answer.split("\r\n\r\n");
  expect(headers).toMatch(/^HTTP\/1\.1 200 /);
  expect(headers).toMatch(/^content-type: text\/event-stream\r?$/im);
  expect(headers).toMatch(/^cache-control: no-store\r?$/im);
  expect(headers).not.toMatch(/^content-length:/im);
  expect(body).toBe("");
});

test.each(["deno", "workerd"])("%s answers HEAD with the Content-Length of GET", async (runtime) => {
  const [path, accept] = ["/generate?n=5&seed=1", "text/plain"];
  const head = await rawResponse(runtime, "HEAD", path, accept);
  const get = await rawResponse(runtime, "GET", path, accept);
  const length = /^content-length: (\d+)\r?$/im;
  expect(length.exec(head)?.[1]).toBe(length.exec(get)?.[1]);
  expect(head.split("\r\n\r\n")[1]).toBe("");
});
