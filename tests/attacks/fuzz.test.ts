import fc from "fast-check";
import { setTimeout as wait } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { FUZZ_REQUESTS, replayOptions, showFailure } from "../functions/fuzz/fuzz_run.ts";
import type { Server } from "../processes.ts";
import { randomConnection } from "./random_connection.ts";
import { healthDuring, openConnection, startDenoServer, startWorkerd } from "../servers.ts";

/** Asked after each round: its answer never changes. */
const GOOD = "/score?name=andrej&model=bigram";
/** How many connections are open side by side. */
const CONNECTIONS = 8;
/** How long an answer is waited for before the client ends its side, in milliseconds: half of them get none. */
const PATIENCE = 30;
/** How long the server's end is waited for after that, in milliseconds; it may wait for more of a body. */
const LAST_PATIENCE = 1000;
/** How long `/health` may take meanwhile, in milliseconds. */
const MAX_HEALTH = 1000;

/** A server, and how it is attacked. */
interface Attacked {
  name: string;
  start: () => Promise<Server>;
  /** Of the requests that `FUZZ_REQUESTS` asks for, one in so many is made on connections to it. */
  every: number;
  /** Whether it answers some requests with 500 before the application sees them. */
  failsByItself: boolean;
}

const ATTACKED: Attacked[] = [
  { name: "Deno", start: () => startDenoServer(), every: 2, failsByItself: false },
  // workerd does so where a Host, a target or a transfer encoding is malformed. It is made to stand behind Cloudflare's
  // own servers, which pass nothing of that kind on.
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
  /** Whether the application made it: each of its answers has an id. */
  applications: boolean;
}

/** Writes what a client has to say, and returns the heads of the answers. */
async function headsOf(address: string, text: string): Promise<Head[]> {
  const { socket, send, received, closed } = await openConnection(address);
  send(text);
  await Promise.race([closed, wait(PATIENCE)]);
  socket.end();
  await Promise.race([closed, wait(LAST_PATIENCE)]);
  socket.destroy();
  const heads = received().matchAll(/HTTP\/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)/g);
  return Array.from(heads, ([, status, headers]) => {
    return { status: Number(status), applications: /^x-request-id:/im.test(headers) };
  });
}

test.each(ATTACKED)(
  "random bytes neither stop $name nor make it fail",
  async ({ name, start, every, failsByItself }) => {
    const server = await start();
    onTestFinished(server.end);
    const good = await (await fetch(server.address + GOOD)).text();
    const counts = new Map<number, number>();
    const attack = fc.check(
      fc.asyncProperty(
        fc.array(randomConnection, { minLength: 1, maxLength: CONNECTIONS }),
        async (texts) => {
          const answers = await Promise.all(texts.map((text) => headsOf(server.address, text)));
          for (const { status, applications } of answers.flat()) {
            counts.set(status, (counts.get(status) ?? 0) + 1);
            if (status >= 500 && (applications || !failsByItself)) throw new Error(`it answered ${status}`);
          }
          const now = await (await fetch(server.address + GOOD)).text();
          if (now !== good) throw new Error(`then ${GOOD} had another answer than before: ${now}`);
        },
      ),
      { numRuns: Math.ceil(FUZZ_REQUESTS / every / CONNECTIONS), ...replayOptions() },
    );
    const { longest } = await healthDuring(server.address, attack);
    const result = await attack;
    const byStatus = [...counts].sort(([a], [b]) => a - b).map((pair) => pair.join(": ")).join(", ");
    console.log(`/health took ${longest.toFixed()} ms at most; answers by status: ${byStatus}`);
    if (result.failed) throw new Error(showFailure(result, `neither stop ${name}`));
    expect(longest).toBeLessThan(MAX_HEALTH);
    expect([...counts.keys()]).toEqual(expect.arrayContaining([200, 400])); // some were requests, others not
  },
  120_000 + 100 * FUZZ_REQUESTS,
);
