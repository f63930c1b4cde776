import { expect, test } from "vitest";
import { LineBuffer } from "../../../../functions/runtimes/deno/line_buffer.ts";

/** An output of which a test decides what becomes of each write. */
class Output {
  readonly written: string[] = [];
  /** How many bytes the next writes take; "full" rejects, as a full disk and a closed pipe do. */
  readonly next: (number | "full")[] = [];
  write = (bytes: Uint8Array): Promise<number> => {
    const taken = this.next.shift() ?? bytes.length;
    if (taken === "full") return Promise.reject(new Error("No space left on device (os error 28)"));
    this.written.push(new TextDecoder().decode(bytes.subarray(0, taken)));
    return Promise.resolve(taken);
  };
  get text(): string {
    return this.written.join("");
  }
}

test("LineBuffer writes every line once and in order, many together", async () => {
  const output = new Output();
  const buffer = new LineBuffer(async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve));
    return output.write(bytes);
  });
  const lines = Array.from({ length: 10_000 }, (_, i) => `line ${i}`);
  for (const line of lines) buffer.add(line);
  await buffer.flush();
  expect(output.text).toBe(lines.map((line) => `${line}\n`).join(""));
  expect(output.written.length).toBeLessThan(10);
});

test("LineBuffer goes on where a write took a part", async () => {
  const output = new Output();
  output.next.push(1, 2, 3);
  const buffer = new LineBuffer(output.write);
  buffer.add("Grüße");
  buffer.add("ada");
  await buffer.flush();
  expect(output.text.endsWith("e\nada\n")).toBe(true);
  expect(output.written).toHaveLength(4);
});

test("LineBuffer drops lines that nobody takes, and says how many", async () => {
  const output = new Output();
  let release = () => {};
  const blocked = new Promise<void>((resolve) => release = resolve);
  const buffer = new LineBuffer(async (bytes) => {
    await blocked;
    return output.write(bytes);
  });
  const line = "x".repeat(1 << 20);
  for (let i = 0; i < 8; i++) buffer.add(line);
  const flushed = buffer.flush();
  release();
  await flushed;
  const kept = output.text.split(line).length - 1;
  const { dropped } = JSON.parse(output.text.trimEnd().split("\n").at(-1)!);
  expect(kept + dropped).toBe(8);
  expect(dropped).toBeGreaterThanOrEqual(3); // at most 4 MB wait, beside what is being written
});

test("LineBuffer outlives writes that fail: it counts their lines, and never leaves half a line", async () => {
  const output = new Output();
  const buffer = new LineBuffer(output.write);
  output.next.push(5, "full"); // "one\nt"
  for (const line of ["one", "two", "three"]) buffer.add(line);
  await buffer.flush();
  output.next.push("full");
  buffer.add("four");
  await buffer.flush();
  buffer.add("five");
  await buffer.flush();
  buffer.add("six");
  await buffer.flush();
  expect(output.text).toBe('one\nt\nfive\n{"dropped":3}\nsix\n');
});

test("LineBuffer gives up a last write that takes too long", async () => {
  const buffer = new LineBuffer(() => new Promise(() => {}));
  buffer.add("never");
  await buffer.flushWithin(20); // the test ends only if this does
  expect(await Promise.race([buffer.flush(), Promise.resolve("waits")])).toBe("waits");
});

test("LineBuffer writes a line by itself, soon", async () => {
  const text = await new Promise<string>((resolve) => {
    new LineBuffer((bytes) => {
      resolve(new TextDecoder().decode(bytes));
      return Promise.resolve(bytes.length);
    }).add("alone");
  });
  expect(text).toBe("alone\n");
});
