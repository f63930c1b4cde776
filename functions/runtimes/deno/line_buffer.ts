/** Longest time that a line is buffered before it is written, in milliseconds. */
const MAX_DELAY = 250;
/** Buffered characters (UTF-16 units) that are written without further delay. */
const BATCH_LENGTH = 1 << 16;
/** Most buffered characters, about 25,000 lines of the log. Further lines are dropped and counted. */
const MAX_LENGTH = 1 << 22;

const NEWLINE = "\n".charCodeAt(0);
const encoder = new TextEncoder();

/**
 * Writes lines in batches, because a system call per line would cost more than the request that the line is about.
 *
 * No method throws, rejects or blocks if the output fails: lines that cannot be written are dropped, and a line
 * `{"dropped":n}` counts them as soon as the output works again.
 */
export class LineBuffer {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  #buffered = "";
  #dropped = 0;
  /** Whether the last write failed in the middle of a line. */
  #cut = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** @param write Writes some of the bytes and resolves to their number; it may reject. */
  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
  }

  /** Adds a line, without its newline. */
  add(line: string): void {
    if (this.#buffered.length + line.length > MAX_LENGTH) {
      this.#dropped++;
      return;
    }
    this.#buffered += `${line}\n`;
    if (this.#buffered.length > BATCH_LENGTH) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), MAX_DELAY);
  }

  /** Writes all buffered lines. It never rejects, but takes as long as the output does. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  /**
   * Writes all buffered lines, or gives up after a time, so that a process can exit whose reader has stopped.
   *
   * @param milliseconds How long it may take.
   */
  async flushWithin(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
    await Promise.race([this.flush(), timeout]);
    clearTimeout(timer);
  }

  async #writeAll(): Promise<void> {
    while (this.#buffered !== "" || this.#dropped > 0) {
      const dropped = this.#dropped;
      const notice = dropped > 0 ? `{"dropped":${dropped}}\n` : "";
      const lineEnd = this.#cut ? "\n" : "";
      const bytes = encoder.encode(lineEnd + this.#buffered + notice);
      [this.#buffered, this.#dropped] = ["", 0];
      let written = 0;
      try {
        while (written < bytes.length) written += await this.#write(bytes.subarray(written));
        this.#cut = false;
      } catch {
        if (written > 0) this.#cut = bytes[written - 1] !== NEWLINE;
        const unwritten = bytes.subarray(Math.max(written, lineEnd.length));
        const lost = unwritten.reduce((lines, byte) => lines + (byte === NEWLINE ? 1 : 0), 0);
        this.#dropped += dropped + lost - (notice === "" ? 0 : 1);
        return; // the next flush tries again
      }
    }
  }
}
