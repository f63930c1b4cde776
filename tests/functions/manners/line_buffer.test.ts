import { expect, test } from "vitest";
import { LineBuffer } from "../../../functions/manners/line_buffer.ts";

test("LineBuffer writes every line once and in order, many together", async () => {
  const written: string[] = [];
  const buffer = new LineBuffer(async (text) => {
    await new Promise((resolve) => setTimeout(resolve));
    written.push(text);
  });
  const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
  for (const line of lines) buffer.add(line);
  await buffer.flush();
  expect(written.join("")).toBe(lines.map((line) => `${line}\n`).join(""));
  expect(written.length).toBeLessThan(10);
});

test("LineBuffer drops lines that nobody takes, and says how many", async () => {
  const written: string[] = [];
  let release = () => {};
  const blocked = new Promise<void>((resolve) => release = resolve);
  const buffer = new LineBuffer((text) => {
    written.push(text);
    return blocked;
  });
  const line = "x".repeat(1 << 20);
  for (let i = 0; i < 8; i++) buffer.add(line);
  const flushed = buffer.flush();
  release();
  await flushed;
  expect(written[0]).toBe(`${line}\n`);
  expect(written.at(-1)).toMatch(/\n\{"dropped":\d\}\n$/);
  const dropped = Number(/"dropped":(\d)/.exec(written.at(-1)!)![1]);
  expect(written.join("").split(line).length - 1).toBe(8 - dropped);
});

test("LineBuffer writes a line by itself, soon", async () => {
  const text = await new Promise<string>((resolve) => {
    new LineBuffer((text) => {
      resolve(text);
      return Promise.resolve();
    }).add("alone");
  });
  expect(text).toBe("alone\n");
});
