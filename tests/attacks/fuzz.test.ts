import fc from "fast-check";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { FUZZ_REQUESTS, replayOptions, showFailure } from "../functions/fuzz/fuzz_run.ts";
import type { Server } from "../processes.ts";
import { randomConnection } from "./random_connection.ts";
import { healthDuring, openConnection, startDenoServer, startWorkerd, waitForModels } from "../servers.ts";

/** A valid request, made after each round: its answer must not change. */
const VALID_REQUEST = "/score?name=andrej&model=bigram";
/** How many connections are open at a time. */
const CONNECTIONS = 8;
/** How long the client waits for an answer before it closes its side, in milliseconds; half of the texts get none. */
const ANSWER_TIMEOUT = 30;
/** How long the client then waits for the server to close, in milliseconds: the server may wait for a body. */
const CLOSE_TIMEOUT = 1000;
/** How long `/health` may take meanwhile, in milliseconds. */
const MAX_HEALTH_TIME = 1000;

/** A server to attack. */
interface Target {
  name: string;
  start: () => Promise<Server>;
  /** One connection is made for this many of the `FUZZ_REQUESTS`. */
  every: number;
  /** Whether the server answers some requests with 500 before the application sees them. */
  failsByItself: boolean;
}

const TARGETS: Target[] = [
  { name: "Deno", start: () => startDenoServer(), every: 2, failsByItself: false },
  // workerd answers 500 if the Host, the request target or the transfer encoding is malformed. It is built to run behind
  // Cloudflare's own servers, which reject such requests.
  {
    name: "workerd",
    start: () => startWorkerd({ EDGEMORE_RATE_LIMIT: "off" }),
    every: 10,
    failsByItself: true,
  },
];

/** The head of an answer. */
interface Head {
  status: number;
  /** Whether the application made the answer: all its answers have an X-Request-Id. */
  fromApplication: boolean;
}

/** Writes a text on a new connection, and returns the heads of the answers. */
async function answerHeads(address: string, text: string): Promise<Head[]> {
  const { socket, send, received, closed } = await openConnection(address);
  send(text);
  await Promise.race([closed, wait(ANSWER_TIMEOUT)]);
  socket.end();
  await Promise.race([closed, wait(CLOSE_TIMEOUT)]);
  socket.destroy();
  const heads = received().matchAll(/HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)/g);
  return Array.from(heads, ([, status, headers]) => {
    return { status: Number(status), fromApplication: /^x-request-id:/im.test(headers) };
  });
}

test.each(TARGETS)(
  "$name survives random bytes",
  async ({ name, start, every, failsByItself }) => {
    const server = await start();
    onTestFinished(server.end);
    await waitForModels(server.address);
    const expected = await (await fetch(server.address + VALID_REQUEST)).text();
    const counts = new Map<number, number>();
    const attack = fc.check(
      fc.asyncProperty(
        fc.array(randomConnection, { minLength: 1, maxLength: CONNECTIONS }),
        async (texts) => {
          const answers = await Promise.all(texts.map((text) => answerHeads(server.address, text)));
          for (const { status, fromApplication } of answers.flat()) {
            counts.set(status, (counts.get(status) ?? 0) + 1);
            if (status >= 500 && (fromApplication || !failsByItself)) {
              throw new Error(`it answered ${status}`);
            }
          }
          const actual = await (await fetch(server.address + VALID_REQUEST)).text();
          if (actual !== expected) throw new Error(`the answer to ${VALID_REQUEST} changed: ${actual}`);
        },
      ),
      { numRuns: Math.ceil(FUZZ_REQUESTS / every / CONNECTIONS), ...replayOptions() },
    );
    const { longest } = await healthDuring(server.address, attack);
    const result = await attack;
    const byStatus = [...counts].sort(([a], [b]) => a - b).map((pair) => pair.join(": ")).join(", ");
    console.log(`/health took ${longest.toFixed()} ms at most; answers by status: ${byStatus}`);
    if (result.failed) throw new Error(showFailure(result, `${name} survives`));
    expect(longest).toBeLessThan(MAX_HEALTH_TIME);
    expect([...counts.keys()]).toEqual(expect.arrayContaining([200, 400])); // there were valid and invalid requests
  },
  120_000 + 100 * FUZZ_REQUESTS,
);
