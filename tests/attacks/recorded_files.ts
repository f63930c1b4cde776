/*
 * Stands for node:fs/promises in the trainer of save_models.ts (recorded_files.json): records each call that changes a file, or
 * kills the process before it.
 */
import {
  type FileHandle,
  open as openFile,
  rename as renameFile,
  unlink as unlinkFile,
} from "node:fs/promises";
import { basename } from "node:path";

export * from "node:fs/promises";

const [directory, , step] = Deno.args;

/** The calls so far. */
export const calls: string[] = [];

/** Records a call that changes a file, or kills the process before it. */
function record(call: string): void {
  calls.push(call);
  if (calls.length === Number(step)) Deno.kill(Deno.pid, "SIGKILL");
}

function nameOf(path: string): string {
  return path === directory ? "the directory" : basename(path);
}

export async function open(path: string, flags?: string): Promise<FileHandle> {
  const name = nameOf(path);
  record(`open ${name}`);
  const file = await openFile(path, flags);
  const { sync, close } = file;
  const write = file.write.bind(file) as (
    bytes: Uint8Array,
    offset: number,
    length?: number,
  ) => Promise<unknown>;
  return Object.assign(file, {
    async writeFile(content: string | Uint8Array): Promise<void> {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const half = bytes.length >> 1;
      record(`write the first half of ${name}`);
      await write(bytes, 0, half);
      record(`write the rest of ${name}`);
      await write(bytes, half);
    },
    sync(): Promise<void> {
      record(`sync ${name}`);
      return sync.call(file);
    },
    close(): Promise<void> {
      record(`close ${name}`);
      return close.call(file);
    },
  });
}

export function rename(from: string, to: string): Promise<void> {
  record(`rename ${basename(from)} to ${basename(to)}`);
  return renameFile(from, to);
}

export function unlink(path: string): Promise<void> {
  record(`remove ${basename(path)}`);
  return unlinkFile(path);
}

const openToLock = Deno.open;
Object.assign(Deno, {
  async open(path: string): Promise<Deno.FsFile> {
    record(`open ${nameOf(path)} to lock it`);
    const file = await openToLock(path);
    const { lock, close } = file;
    return Object.assign(file, {
      lock(exclusive?: boolean): Promise<void> {
        record(`lock ${nameOf(path)}`);
        return lock.call(file, exclusive);
      },
      close(): void {
        record(`unlock ${nameOf(path)}`);
        close.call(file);
      },
    });
  },
});
