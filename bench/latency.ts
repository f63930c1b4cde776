import type { Buffer } from "node:buffer";
import { connect } from "node:net";

/**
 * Milliseconds from a request to the end of its response, for requests that follow each other on one connection.
 *
 * @param paths Of the requests, in order.
 * @throws {Error} If a response is an error.
 */
export async function latencies(address: string, paths: readonly string[]): Promise<number[]> {
  const { hostname, port, host } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  let text = "";
  let received = () => {};
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    received();
  });
  socket.on("error", () => received()).on("close", () => received());
  await new Promise<void>((resolve) => socket.on("connect", resolve));
  const milliseconds: number[] = [];
  try {
    for (const path of paths) {
      text = "";
      const started = performance.now();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      while (!isComplete(text)) {
        if (socket.destroyed) throw new Error(`Cannot measure ${path}: the connection was closed`);
        await new Promise<void>((resolve) => received = resolve);
      }
      milliseconds.push(performance.now() - started);
      if (!text.startsWith("HTTP/1.1 200")) throw new Error(`Cannot measure ${path}: it answers ${text}`);
    }
  } finally {
    socket.destroy();
  }
  return milliseconds;
}

/** Whether a response is complete: as long as its Content-Length says, or with the last chunk. */
function isComplete(text: string): boolean {
  const body = text.indexOf("\r\n\r\n") + 4;
  if (body === 3) return false;
  const head = text.slice(0, body);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return length === undefined ? text.endsWith("0\r\n\r\n") : text.length - body >= Number(length);
}

/** The p-th percentile of some numbers. */
export function percentile(numbers: readonly number[], p: number): number {
  const ascending = [...numbers].sort((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.floor(p / 100 * ascending.length))];
}
