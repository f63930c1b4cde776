import { format } from "node:util";
import { LineBuffer } from "./line_buffer.ts";

/** How long a flush may take, in milliseconds: a few are enough unless the reader of the output has stopped. */
const FLUSH_TIMEOUT = 1000;

/** Standard output and standard error, buffered. */
export interface BufferedConsole {
  /** Writes a line to standard output. */
  log(line: string): void;
  /** Writes all buffered lines, for at most a second. */
  flush(): Promise<void>;
}

/**
 * Replaces the methods of `console` by ones that buffer their output. Deno's own write synchronously: they throw if the
 * reader of a pipe has exited, and block the event loop, and so every request, if it has stopped reading.
 */
export function bufferConsole(): BufferedConsole {
  const output = new LineBuffer((bytes) => Deno.stdout.write(bytes));
  const errors = new LineBuffer((bytes) => Deno.stderr.write(bytes));
  console.log = console.info = console.debug = (...parts: unknown[]) => output.add(format(...parts));
  console.error = console.warn = console.trace = (...parts: unknown[]) => errors.add(format(...parts));
  return {
    log: (line) => output.add(line),
    flush: async () =>
      void await Promise.all([output.flushWithin(FLUSH_TIMEOUT), errors.flushWithin(FLUSH_TIMEOUT)]),
  };
}
