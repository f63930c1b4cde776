import { expect, test } from "vitest";
import { logLine } from "../../../../functions/middleware/request_log.ts";
import { readableLine } from "../../../../functions/runtimes/deno/readable_line.ts";

test("a line of the log is readable on a terminal", () => {
  const columns = (line: string) => readableLine(line).split("  ");
  const [time, ...rest] = columns(logLine("4397235e-1", "GET", "/generate", 200, 2.4791, "gru", 20));
  expect(time).toMatch(/^\d\d:\d\d:\d\d$/);
  expect(rest).toEqual(["200", "GET /generate", "2.5 ms", "gru", "20 sent"]);
  expect(columns(logLine("x", "POST", "/score", 404, 0.04, undefined)).slice(1)).toEqual([
    "404",
    "POST /score",
    "0.0 ms",
  ]);
});

test("a path cannot control the terminal", () => {
  const line = logLine("x", "GET", "/\u001b[2J\n\u202e", 404, 1, undefined);
  expect(readableLine(line)).toContain("GET /\\u{1b}[2J\\u{a}\\u{202e}  1.0 ms");
});
