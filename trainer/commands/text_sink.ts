import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { temporaryPath, whileLocked } from "../atomic_write.ts";

/** Bytes after which those of a file are sent to the disk, so that little is left to wait for at its end. */
const FLUSH_BYTES = 2 ** 26;

/** A destination for text. */
export interface TextSink {
  /** Writes a piece of text, or of its UTF-8; resolves when the reader has taken it. */
  write(text: string | Uint8Array): Promise<void>;
  /** Ends the text. A file appears under its name only now. */
  close(): Promise<void>;
  /** Discards the text. A previous file stays as it was. */
  abandon(): Promise<void>;
}

/**
 * Opens a file, which is written atomically, or standard output.
 *
 * @param path The file. Default: standard output.
 * @throws {Error} If the file cannot be written.
 */
export async function textSink(path?: string): Promise<TextSink> {
  return path === undefined ? standardOutput() : await wholeFile(path);
}

async function wholeFile(path: string): Promise<TextSink> {
  const fail = (reason: string): never => {
    throw new Error(`Cannot write ${path}: ${reason}`);
  };
  if (await stat(path).then((stats) => stats.isDirectory(), () => false)) fail("it is a directory");
  const aside = temporaryPath(path);
  let file: FileHandle;
  try {
    file = await open(aside, "w");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail(code === "ENOENT" || code === "ENOTDIR" ? "there is no such directory" : message);
  }
  let unflushed = 0;
  let flushing: Promise<void> = Promise.resolve();
  return {
    write: async (text) => {
      await file.writeFile(text); // all of it, after what was written before
      unflushed += text.length;
      if (unflushed < FLUSH_BYTES) return;
      unflushed = 0;
      flushing = flushing.then(() => file.datasync());
      flushing.catch(() => {}); // thrown where the file is closed
    },
    close: async () => {
      try {
        // so that a crash cannot leave an empty file under the name
        await flushing.then(() => file.sync()).finally(() => file.close());
        await whileLocked(dirname(path), async (sync) => {
          await rename(aside, path);
          await sync();
        });
      } catch (error) {
        await rm(aside, { force: true });
        fail((error as Error).message);
      }
    },
    abandon: async () => {
      await flushing.catch(() => {});
      await file.close();
      await rm(aside, { force: true });
    },
  };
}

function standardOutput(): TextSink {
  const { stdout } = process;
  // A reader such as `head` may close the pipe early, which is not an error.
  stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  return {
    write: (text) => new Promise((resolve) => stdout.write(text, () => resolve())),
    close: () => Promise.resolve(),
    abandon: () => Promise.resolve(),
  };
}
