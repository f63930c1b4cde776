import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { textSink } from "../../trainer/commands/text_sink.ts";
import { writeAtomically } from "../../trainer/atomic_write.ts";
import { temporaryDirectory } from "../temporary_directory.ts";

afterEach(() => void vi.restoreAllMocks());

/** Notes, at each sync, whether the file has its name by then. */
async function syncsOf(directory: string, write: (path: string) => Promise<void>): Promise<string[]> {
  const path = join(directory, "file.txt");
  const handle = await open(directory);
  const prototypes = [Deno.FsFile.prototype, Object.getPrototypeOf(handle) as { sync(): Promise<void> }];
  await handle.close();
  const syncs: string[] = [];
  for (const prototype of prototypes) {
    const { sync } = prototype;
    vi.spyOn(prototype, "sync").mockImplementation(async function (this: unknown) {
      syncs.push((await readdir(directory)).includes("file.txt") ? "after the rename" : "before the rename");
      await sync.call(this as Deno.FsFile);
    });
  }
  await write(path);
  expect(await readFile(path, "utf8")).toBe("all of it");
  expect(await readdir(directory)).toEqual(["file.txt"]);
  return syncs;
}

const BOTH = ["before the rename", "after the rename"];

test("writeAtomically waits for the disk: the content before the name, then the name", async () => {
  expect(await syncsOf(await temporaryDirectory(), (path) => writeAtomically(path, "all of it"))).toEqual(
    BOTH,
  );
});

test("a text sink does so too", async () => {
  const write = async (path: string) => {
    const sink = await textSink(path);
    await sink.write("all ");
    await sink.write("of it");
    await sink.close();
  };
  expect(await syncsOf(await temporaryDirectory(), write)).toEqual(BOTH);
});

/** Watches what a file sends to the disk before its end. */
async function watchFlushes(directory: string) {
  const handle = await open(directory);
  const prototype = Object.getPrototypeOf(handle) as { datasync(): Promise<void> };
  await handle.close();
  return vi.spyOn(prototype, "datasync");
}

test("a text sink sends a long text to the disk before its end", async () => {
  const directory = await temporaryDirectory();
  const flushes = await watchFlushes(directory);
  const path = join(directory, "long.txt");
  const sink = await textSink(path);
  for (let i = 0; i < 3; i++) await sink.write(new Uint8Array(2 ** 25).fill(65 + i));
  await sink.close();
  expect(flushes).toHaveBeenCalledTimes(1);
  const written = await readFile(path);
  expect([written.length, ...written.filter((_, i) => i % 2 ** 25 === 0)]).toEqual([3 * 2 ** 25, 65, 66, 67]);
});

test("a text sink leaves no file where the disk fails", async () => {
  const directory = await temporaryDirectory();
  const flushes = await watchFlushes(directory);
  flushes.mockRejectedValue(new Error("the disk is broken"));
  const path = join(directory, "long.txt");
  const sink = await textSink(path);
  for (let i = 0; i < 3; i++) await sink.write(new Uint8Array(2 ** 26));
  await expect(sink.close()).rejects.toThrow(`Cannot write ${path}: the disk is broken`);
  expect(await readdir(directory)).toEqual([]);
});

test("many writes of one file at once leave one of them, whole", async () => {
  const path = join(await temporaryDirectory(), "checkpoint");
  const contents = Array.from({ length: 20 }, (_, i) => `${i}`.repeat(100_000 + i));
  await Promise.all(contents.map((content) => writeAtomically(path, content)));
  expect(contents).toContain(await readFile(path, "utf8"));
});
