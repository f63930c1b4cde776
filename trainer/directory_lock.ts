import { resolve } from "node:path";

/** The part of Deno that locks: Node has no locks of the operating system. */
interface DenoLocks {
  build: { os: string };
  open(path: string): Promise<{ lock(exclusive: boolean): Promise<void>; close(): void }>;
}

const { Deno: deno } = globalThis as { Deno?: DenoLocks };

/** By directory: resolves when its last change in this process is made. */
const lastChanges = new Map<string, Promise<unknown>>();

/**
 * Changes a directory while nobody else changes it through this function: no other call in this process, and on Deno no other
 * process either. There the lock is the operating system's, on the directory, and is released when the process ends in any way.
 * Windows cannot lock a directory.
 */
export async function withDirectoryLock<Result>(
  directory: string,
  change: () => Promise<Result>,
): Promise<Result> {
  const key = resolve(directory);
  const before = lastChanges.get(key);
  const changed = (async () => {
    await before?.catch(() => {}); // whoever made that change handles its error
    return await lockedByDeno(directory, change);
  })();
  lastChanges.set(key, changed);
  try {
    return await changed;
  } finally {
    if (lastChanges.get(key) === changed) lastChanges.delete(key);
  }
}

async function lockedByDeno<Result>(directory: string, change: () => Promise<Result>): Promise<Result> {
  if (deno === undefined || deno.build.os === "windows") return await change();
  const opened = await deno.open(directory);
  try {
    await opened.lock(true);
    return await change();
  } finally {
    opened.close();
  }
}
