import { spawn } from "node:child_process";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { healthDuring, SERVER_ARGS, waitForModels } from "../servers.ts";

/** Starts a server that also prints many errors. The test decides whether its output is read. */
async function start() {
  const args = [...SERVER_ARGS.slice(0, -1), "tests/attacks/noisy_server.ts"];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NO_COLOR: "1", PORT: "0" },
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let running = true;
  void ended.then(() => running = false);
  onTestFinished(() => void (running && process.kill(child.pid!, "SIGKILL")));
  child.stderr.resume();
  let text = "";
  const address = await new Promise<string>((resolve) => {
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const found = /answers at (http:\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
  });
  await waitForModels(address);
  return { child, address, ended, output: () => text };
}

/** Makes requests that are answered 404, each of which has a line of 8 kB in the log; returns the statuses. */
async function ask(address: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(`${address}/${"a".repeat(8000)}`);
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

test("the server goes on if the reader of its log disconnects", async () => {
  const { child, address, ended } = await start();
  child.stdout.destroy();
  child.stderr.destroy();
  for (let i = 0; i < 3; i++) {
    expect(new Set(await ask(address, 20))).toEqual(new Set([404]));
    await pause(300); // longer than the interval at which the log is written
  }
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
});

test("the server answers and ends in time if the reader of its log stops reading", async () => {
  const { child, address, ended } = await start();
  child.stdout.pause();
  child.stderr.pause();
  const { longest } = await healthDuring(address, ask(address, 2000));
  expect(longest).toBeLessThan(1000);
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
});

test("the server logs the number of dropped lines when the reader of its log reads again", async () => {
  const { child, address, ended, output } = await start();
  child.stdout.pause();
  const statuses = await ask(address, 2500); // 10 MB of lines
  child.stdout.resume();
  // The server writes the lines in its buffer, and then the number of dropped ones.
  while (!/\{"dropped":\d+\}\n/.test(output())) await pause(50);
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
  const lines = output().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  expect(dropped).toBeGreaterThan(0);
  const written = lines.filter(({ path }) => path?.startsWith("/aaa")).length;
  // All dropped lines are of these requests: the lines of /health, which was requested before, were written.
  expect(written + dropped).toBe(statuses.length);
});
