import { beforeAll, expect, test } from "vitest";
import type { Server } from "../processes.ts";
import { openConnection, startDenoServer, startWorkerd } from "../servers.ts";

/*
 * HEAD must say what GET would, and do none of its work.
 */

const servers = new Map<string, Server>();

beforeAll(async () => {
  const [deno, workerd] = await Promise.all([startDenoServer(), startWorkerd()]);
  servers.set("deno", deno).set("workerd", workerd);
  return async () => void await Promise.all([deno.end(), workerd.end()]);
});

/** Asks on a connection of its own, and returns all that comes, as it comes. */
async function raw(runtime: string, method: string, path: string, accept: string): Promise<string> {
  const { address } = servers.get(runtime)!;
  const connection = await openConnection(address);
  connection.send(
    `${method} ${path} HTTP/1.1\r\nhost: ${
      new URL(address).host
    }\r\naccept: ${accept}\r\nconnection: close\r\n\r\n`,
  );
  return await connection.closed;
}

test.each(["deno", "workerd"])("%s gives HEAD of an event stream no length and no body", async (runtime) => {
  const path = "/generate?n=1000&min_length=60&temperature=5";
  const answer = await raw(runtime, "HEAD", path, "text/event-stream");
  const [headers, body] = answer.split("\r\n\r\n");
  expect(headers).toMatch(/^HTTP\/1\.1 200 /);
  expect(headers).toMatch(/^content-type: text\/event-stream\r?$/im);
  expect(headers).toMatch(/^cache-control: no-store\r?$/im);
  expect(headers).not.toMatch(/^content-length:/im);
  expect(body).toBe("");
});

test.each(["deno", "workerd"])("%s gives HEAD of an answer with an end its length", async (runtime) => {
  const [path, accept] = ["/generate?n=5&seed=1", "text/plain"];
  const [head, get] = [await raw(runtime, "HEAD", path, accept), await raw(runtime, "GET", path, accept)];
  const length = /^content-length: (\d+)\r?$/im;
  expect(length.exec(head)?.[1]).toBe(length.exec(get)?.[1]);
  expect(head.split("\r\n\r\n")[1]).toBe("");
});
