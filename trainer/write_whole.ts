import { rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** The temporary name under which a file is written, hidden from whoever lists the directory. */
export function asidePath(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/**
 * Writes a file under a temporary name beside its own, hidden from whoever lists the directory.
 *
 * @returns The temporary path, to be renamed when all is written.
 */
export async function writeAside(path: string, content: string | Uint8Array): Promise<string> {
  const aside = asidePath(path);
  try {
    await writeFile(aside, content);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
  return aside;
}

/** Writes a file so that whoever reads it finds the old one or the new one, whole. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await rename(await writeAside(path, content), path);
}
