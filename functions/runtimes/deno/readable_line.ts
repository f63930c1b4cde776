/** What a line of the log has; see `logLine` in middleware/request_log.ts. */
interface LogEntry {
  time: string;
  method: string;
  path: string;
  status: number;
  ms: number;
  model?: string;
  names?: number;
}

/**
 * Formats a line of the log for a terminal: local time, status, method, path, duration and model in columns, without the request's
 * id.
 *
 * @param line The line, as JSON.
 * @example
 * ```ts
 * import { readableLine } from "./readable_line.ts";
 *
 * readableLine('{"time":"2026-11-26T01:44:11.331Z","id":"4397-1","method":"GET","path":"/score","status":200,"ms":2.5}');
 * // "01:44:11  200  GET /score  2.5 ms"
 * ```
 */
export function readableLine(line: string): string {
  const { time, method, path, status, ms, model, names }: LogEntry = JSON.parse(line);
  const clock = new Date(time).toTimeString().slice(0, 8);
  const rest = [model, names === undefined ? undefined : `${names} sent`].filter((part) =>
    part !== undefined
  );
  return [clock, status, `${method} ${printable(path)}`, `${ms.toFixed(1)} ms`, ...rest].join("  ");
}

/** Escapes what could control the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{C}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
