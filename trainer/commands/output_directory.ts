import { rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

/**
 * Checks that files can be written to a directory, which may not exist yet, so that no work is lost at its end.
 *
 * @throws {Error} If it, or what would become its parent, is not a directory or may not be written.
 */
export async function checkOutputDirectory(directory: string): Promise<void> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot write to ${JSON.stringify(directory)}: ${reason}`);
  };
  if (directory === "") fail("the directory has no name");
  for (let path = resolve(directory);; path = dirname(path)) {
    let isDirectory: boolean;
    try {
      isDirectory = (await stat(path)).isDirectory();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") continue; // a parent says more
      return fail(message);
    }
    if (!isDirectory) fail(`${path} is not a directory`);
    await writeAndRemove(path).catch(({ code, message }: NodeJS.ErrnoException) =>
      fail(`${path} may not be written (${code ?? message})`)
    );
    return;
  }
}

/** Writes an empty hidden file, and removes it. Deno's `access` needs a permission to read the user's id. */
async function writeAndRemove(directory: string): Promise<void> {
  const file = join(directory, `.${crypto.randomUUID()}.tmp`);
  await writeFile(file, "", { flag: "wx" });
  await rm(file);
}
