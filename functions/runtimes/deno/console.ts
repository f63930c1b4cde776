import { format } from "node:util";
import { LineBuffer } from "./line_buffer.ts";

/**
 * How long the last lines may take to be written when the process ends, in milliseconds. A reader that works needs a
 * few; one that has stopped needs for ever.
 */
const MAX_LAST_WRITE = 1000;

/** The two streams that the process writes to. */
export interface Console {
  /** Writes a line of the log. */
  log(line: string): void;
  /** Writes what is still waiting, for at most a second. */
  flush(): Promise<void>;
}

/**
 * Makes whatever the process prints, its log and every `console` method, wait in memory for its reader. Deno's own
 * console writes synchronously: it throws when the reader is gone, and stops every request when the reader has stopped.
 */
export function bufferConsole(): Console {
  const output = new LineBuffer((bytes) => Deno.stdout.write(bytes));
  const errors = new LineBuffer((bytes) => Deno.stderr.write(bytes));
  console.log = console.info = console.debug = (...parts: unknown[]) => output.add(format(...parts));
  console.error = console.warn = console.trace = (...parts: unknown[]) => errors.add(format(...parts));
  return {
    log: (line) => output.add(line),
    flush: async () =>
      void await Promise.all([output.flushWithin(MAX_LAST_WRITE), errors.flushWithin(MAX_LAST_WRITE)]),
  };
}
