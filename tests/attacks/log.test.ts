import { spawn } from "node:child_process";
import process from "node:process";
import { expect, onTestFinished, test } from "vitest";
import { healthDuring, modelsAreOpen, SERVER_ARGS } from "../servers.ts";

/** A server whose output the test reads itself, or does not; it has much to say on its standard error. */
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
  await modelsAreOpen(address);
  return { child, address, ended, output: () => text };
}

/** Asks for what is not there: each has a line of 8 kB in the log. */
async function ask(address: string, times: number): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    const response = await fetch(`${address}/${"a".repeat(8000)}`);
    await response.text();
    statuses.push(response.status);
  }
  return statuses;
}

test("a reader of the log that goes away harms nobody", async () => {
  const { child, address, ended } = await start();
  child.stdout.destroy();
  child.stderr.destroy();
  for (let i = 0; i < 3; i++) {
    expect(new Set(await ask(address, 20))).toEqual(new Set([404]));
    await new Promise((resolve) => setTimeout(resolve, 300)); // longer than lines wait to be written
  }
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
});

test("a reader of the log that stops reading slows nobody, and does not keep the server", async () => {
  const { child, address, ended } = await start();
  child.stdout.pause();
  child.stderr.pause();
  const { longest } = await healthDuring(address, ask(address, 2000));
  expect(longest).toBeLessThan(1000);
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
});

test("a reader of the log that reads again is told how many lines it has missed", async () => {
  const { child, address, ended, output } = await start();
  child.stdout.pause();
  const statuses = await ask(address, 2500); // 10 MB of lines
  child.stdout.resume();
  // The lines that waited are written, then the number.
  while (!/\{"dropped":\d+\}\n/.test(output())) await new Promise((resolve) => setTimeout(resolve, 50));
  process.kill(child.pid!, "SIGTERM");
  expect(await ended).toBe(0);
  const lines = output().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const dropped = lines.reduce((sum, line) => sum + (line.dropped ?? 0), 0);
  expect(dropped).toBeGreaterThan(0);
  const written = lines.filter(({ path }) => path?.startsWith("/aaa")).length;
  // Of what is dropped, nobody knows whose it was; /health was asked for while models opened.
  expect(written + dropped).toBe(statuses.length);
});
