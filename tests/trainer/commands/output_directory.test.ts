import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { expect, test } from "vitest";
import { checkOutputDirectory } from "../../../trainer/commands/output_directory.ts";
import { temporaryDirectory } from "../../temporary_directory.ts";

test("a directory may exist, or be made", async () => {
  const directory = await temporaryDirectory();
  await checkOutputDirectory(directory);
  await checkOutputDirectory(join(directory, "new", "models"));
  expect(await readdir(directory)).toEqual([]);
});

test.skipIf(process.platform !== "linux")("a directory that may not be written is named", async () => {
  await expect(checkOutputDirectory("/proc/self")).rejects.toThrow(
    'Cannot write to "/proc/self": /proc/self may not be written (ENOENT)',
  );
});

test("a file in the way is named, as the directory or above it", async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, "file");
  await writeFile(file, "");
  for (const path of [file, join(file, "models")]) {
    await expect(checkOutputDirectory(path)).rejects.toThrow(
      `Cannot write to ${JSON.stringify(path)}: ${file} is not a directory`,
    );
  }
  await expect(checkOutputDirectory("")).rejects.toThrow('Cannot write to "": the directory has no name');
});
