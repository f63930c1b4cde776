import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import process from "node:process";

/**
 * Replaces a file that is built atomically, because a server may be reading it or another build may be writing it. A file that
 * has these bytes is left alone, so that nothing that watches it starts again.
 */
export function writeBuilt(path: string, content: Uint8Array | string): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (existsSync(path) && readFileSync(path).equals(bytes)) return;
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, path);
}
