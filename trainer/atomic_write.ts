import { open, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { withDirectoryLock } from "./directory_lock.ts";

/** The temporary path of a file that is being written: a hidden file in the same directory. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/**
 * Writes a file under a temporary path, and waits until it is on the disk.
 *
 * @returns The temporary path, which the caller renames.
 */
export async function writeTemporary(path: string, content: string | Uint8Array): Promise<string> {
  const temporary = temporaryPath(path);
  const file = await open(temporary, "w");
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}

/** Writes a file atomically: a reader finds the old file or the new one, also after a crash. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await whileLocked(dirname(path), async (sync) => {
    const temporary = await writeTemporary(path, content);
    try {
      await rename(temporary, path);
    } catch (error) {
      await removeIfThere(temporary);
      throw error;
    }
    await sync();
  });
}

/**
 * Changes a directory while nobody else changes it through this function; see {@link withDirectoryLock}. Windows cannot sync a
 * directory, nor does it need to.
 *
 * @param change Makes the changes. Its argument is a function that waits until all renames so far are on the disk.
 */
export async function whileLocked<Result>(
  directory: string,
  change: (sync: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  return await withDirectoryLock(directory, async () => {
    if (process.platform === "win32") return await change(() => Promise.resolve());
    const opened = await open(directory);
    try {
      return await change(() => opened.sync());
    } finally {
      await opened.close();
    }
  });
}

/** Removes a file if it exists. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
