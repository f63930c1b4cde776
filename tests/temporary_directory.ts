import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes a new directory, for hooks that outlive a test. */
export async function makeTemporaryDirectory(): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "edgemore-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

/** A new directory that is removed when the test ends. */
export async function temporaryDirectory(): Promise<string> {
  const { directory, remove } = await makeTemporaryDirectory();
  onTestFinished(remove);
  return directory;
}
