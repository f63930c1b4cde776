import { isAbsolute } from "node:path";
import process from "node:process";

const REASONS: Record<string, string> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  EACCES: "it may not be read",
};

/**
 * Why a file cannot be read, in words.
 *
 * @param path The file. If it does not exist and the path is relative, the reason names the current directory, since `deno task`
 * starts commands in the project's directory and not in the caller's.
 */
export function readFailure(path: string, { code = "", message }: NodeJS.ErrnoException): string {
  const where = code === "ENOENT" && !isAbsolute(path) ? ` in ${process.cwd()}` : "";
  return (REASONS[code] ?? message) + where;
}
