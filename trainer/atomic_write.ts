import { basename, dirname, join } from "node:path";

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
  const file = await Deno.open(temporary, { write: true, create: true, truncate: true });
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  } finally {
    file.close();
  }
  return temporary;
}

/** Writes a file atomically: a reader finds the old file or the new one, also after a crash. */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await whileLocked(dirname(path), async (sync) => {
    const temporary = await writeTemporary(path, content);
    try {
      await Deno.rename(temporary, path);
    } catch (error) {
      await removeIfThere(temporary);
      throw error;
    }
    await sync();
  });
}

/**
 * Changes a directory while no other process changes it through this function. The lock is the operating system's, on the
 * directory, and is released when the process ends in any way. Windows cannot lock a directory, nor does it need to sync one.
 *
 * @param change Makes the changes. Its argument is a function that waits until all renames so far are on the disk.
 */
export async function whileLocked<Result>(
  directory: string,
  change: (sync: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  if (Deno.build.os === "windows") return await change(() => Promise.resolve());
  const opened = await Deno.open(directory);
  try {
    await opened.lock(true);
    return await change(() => opened.sync());
  } finally {
    opened.close();
  }
}

/** Removes a file if it exists. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
