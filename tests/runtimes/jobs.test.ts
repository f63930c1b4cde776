import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_LIST, readList } from "../../trainer/list_file.ts";
import { cpuSeconds, descendants } from "../descendants.ts";
import { startWorkerdWith } from "../servers.ts";
import { temporaryDirectory } from "../temporary_directory.ts";
import { uncomment } from "../wrangler_config.ts";

/*
 * Jobs in the real workerd, with wrangler's local R2 and Queues. JOB_LINES=1000000 makes a longer list, and prints what a line takes.
 */

const { lines: names } = await readList(DEFAULT_LIST);
/** Ten chunks. Some lines cannot be scored. */
const { JOB_LINES, JOB_MODEL = "mlp" } = process.env;
const LINES = Number(JOB_LINES ?? 300_000);
const TIMEOUT = JOB_LINES === undefined ? 240_000 : 3_600_000;
const CHUNKS = Math.ceil(LINES / 2 ** 15);
const LIST = Array.from({ length: LINES }, (_, i) => i % 1000 === 7 ? `r${i}` : names[i % names.length]).join(
  "\n",
);
const QUERY = `model=${JOB_MODEL}&characters=false`;

async function startWorker(state: string) {
  const { server } = await startWorkerdWith("models", {
    config: uncomment("JOB_QUEUE"),
    variables: { EDGEMORE_RATE_LIMIT: "off", EDGEMORE_LOG: "off" },
    persistTo: state,
  });
  let running = true;
  const end = async () => {
    if (running) await server.end();
    running = false;
  };
  onTestFinished(end);
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(server.address + path, init);
    return { status: response.status, body: await response.json() };
  };
  /** Asks until the job is as expected. */
  const waitFor = async (
    id: string,
    expected: (job: { chunks: { done: number }; state: string }) => boolean,
  ) => {
    while (true) {
      const { body } = await ask(`/jobs/${id}`);
      if (expected(body)) return body;
      await pause(20);
    }
  };
  const text = async (path: string, init?: RequestInit) =>
    await (await fetch(server.address + path, init)).text();
  /** Ends all processes at once, as a machine that loses its power. */
  const kill = async () => {
    for (const pid of descendants(server.pid)) process.kill(pid, "SIGKILL");
    await end();
  };
  return { ask, text, waitFor, kill, end, cpu: () => cpuSeconds(descendants(server.pid)) };
}

const post = (body: string) => ({ method: "POST", headers: { "content-type": "text/plain" }, body });

describe("jobs in workerd", { timeout: TIMEOUT }, () => {
  test("lose nothing and have nothing twice when the server is killed, and chunks are delivered twice", async () => {
    const state = join(await temporaryDirectory(), "state");
    await mkdir(state);
    const first = await startWorker(state);
    const { status, body: job } = await first.ask(`/jobs?${QUERY}`, post(LIST));
    expect(status).toBe(202);
    const { chunks } = await first.waitFor(job.id, ({ chunks }) => chunks.done >= 2);
    expect(chunks.done).toBeLessThan(CHUNKS);
    await first.kill();

    // Local queues are in memory: the messages are lost.
    const second = await startWorker(state);
    const [before, began] = [second.cpu(), performance.now()];
    await second.ask(`/jobs/${job.id}/resume`, { method: "POST" });
    await second.ask(`/jobs/${job.id}/resume`, { method: "POST" }); // each chunk that is left twice
    const done = await second.waitFor(job.id, ({ state }) => state === "done");
    if (JOB_LINES !== undefined) {
      const scored = LINES - chunks.done * 2 ** 15;
      const seconds = { CPU: second.cpu() - before, wall: (performance.now() - began) / 1000 };
      console.log(
        `${JOB_MODEL}: ${chunks.done} of ${CHUNKS} chunks before the kill; ${scored} lines after`,
        seconds,
      );
    }
    expect(done).toMatchObject({
      chunks: { total: CHUNKS, done: CHUNKS, failed: 0 },
      lines: { total: LINES, done: LINES, failed: 0 },
    });
    const scored = await second.text(`/score?${QUERY}`, post(LIST));
    expect(await second.text(`/jobs/${job.id}/result`) === scored).toBe(true); // a difference would be 60 MB
    expect(scored.split("\n")).toHaveLength(LINES + 1);
    expect((await second.ask(`/jobs/${job.id}`, { method: "DELETE" })).body.state).toBe("cancelled");
    await second.end();
  });
});
