/** How long a line waits for others, in milliseconds. */
const MAX_WAIT = 250;
/** Characters that are written at once, without waiting for more. */
const BATCH = 1 << 16;
/** Characters that may wait for a slow reader: some 25,000 lines of the log. Further lines are dropped and counted. */
const MAX_WAITING = 1 << 22;

const NEWLINE = "\n".charCodeAt(0);
const encoder = new TextEncoder();

/**
 * Writes lines in batches: a system call for each line would cost more than the answer that it describes.
 *
 * Whatever happens to the output, nothing here throws, rejects or waits: lines that cannot be written are dropped, and
 * counted in a line `{"dropped":n}` as soon as the output works again.
 */
export class LineBuffer {
  readonly #write: (bytes: Uint8Array) => Promise<number>;
  #waiting = "";
  #dropped = 0;
  /** The last write failed in the middle of a line. */
  #cut = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** @param write Writes some of the bytes, and returns how many; it may reject. */
  constructor(write: (bytes: Uint8Array) => Promise<number>) {
    this.#write = write;
  }

  /** Takes a line, without its newline. */
  add(line: string): void {
    if (this.#waiting.length + line.length > MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting += `${line}\n`;
    if (this.#waiting.length > BATCH) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), MAX_WAIT);
  }

  /** Writes all lines that wait. It never rejects, but takes as long as the output does. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  /**
   * Writes all lines that wait, or gives up: a reader that has stopped must not keep the process from ending.
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
    while (this.#waiting !== "" || this.#dropped > 0) {
      const dropped = this.#dropped;
      const notice = dropped > 0 ? `{"dropped":${dropped}}\n` : "";
      const mend = this.#cut ? "\n" : "";
      const bytes = encoder.encode(mend + this.#waiting + notice);
      [this.#waiting, this.#dropped] = ["", 0];
      let written = 0;
      try {
        while (written < bytes.length) written += await this.#write(bytes.subarray(written));
        this.#cut = false;
      } catch {
        if (written > 0) this.#cut = bytes[written - 1] !== NEWLINE;
        const unwritten = bytes.subarray(Math.max(written, mend.length));
        const lost = unwritten.reduce((lines, byte) => lines + (byte === NEWLINE ? 1 : 0), 0);
        this.#dropped += dropped + lost - (notice === "" ? 0 : 1);
        return; // the next line tries again
      }
    }
  }
}
