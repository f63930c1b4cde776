import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { temporaryPath, whileLocked } from "./atomic_write.ts";

/** Where text is written, piece by piece. */
export interface TextSink {
  /** Writes a piece; waits where its reader is slow. */
  write(text: string): Promise<void>;
  /** Ends it: a file gets its name now. */
  close(): Promise<void>;
  /** Leaves a file as it was before. */
  abandon(): Promise<void>;
}

/**
 * Opens a file, which is written whole or not at all, or standard output.
 *
 * @param path The file. Default: standard output.
 * @throws {Error} If the file cannot be written.
 */
export async function textSink(path?: string): Promise<TextSink> {
  return path === undefined ? standardOutput() : await wholeFile(path);
}

async function wholeFile(path: string): Promise<TextSink> {
  const aside = temporaryPath(path);
  let file: FileHandle;
  try {
    file = await open(aside, "w");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(`Cannot write ${path}: ${code === "ENOENT" ? "there is no such directory" : message}`);
  }
  return {
    write: async (text) => void await file.write(text),
    close: async () => {
      try {
        await file.sync().finally(() => file.close()); // or a crash could leave the name without the text
        await whileLocked(dirname(path), async (sync) => {
          await rename(aside, path);
          await sync();
        });
      } catch (error) {
        await rm(aside, { force: true });
        throw new Error(`Cannot write ${path}: ${(error as Error).message}`);
      }
    },
    abandon: async () => {
      await file.close();
      await rm(aside, { force: true });
    },
  };
}

function standardOutput(): TextSink {
  const { stdout } = process;
  // Whoever reads no more, such as `head`, has had enough: that is no failure.
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    write: (text) => new Promise((resolve) => stdout.write(text, () => resolve())),
    close: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}
