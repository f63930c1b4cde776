/** How long a line waits for others, in milliseconds. */
const LONGEST_WAIT = 250;
/** Lines that wait are written when they have so many characters. */
const FULL = 1 << 16;
/** Where nobody reads what is written, lines beyond so many characters are dropped. */
const MOST = 1 << 22;

/** Writes lines together: one system call for each would cost more than the answer that it tells of. */
export class LineBuffer {
  readonly #write: (text: string) => Promise<void>;
  #waiting = "";
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** @param write Writes a text whole. */
  constructor(write: (text: string) => Promise<void>) {
    this.#write = write;
  }

  /** Takes a line. */
  add(line: string): void {
    if (this.#waiting.length + line.length > MOST) return void this.#dropped++;
    this.#waiting += `${line}\n`;
    if (this.#waiting.length > FULL) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), LONGEST_WAIT);
  }

  /** Writes all that waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#writing ??= this.#writeAll().finally(() => this.#writing = undefined);
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting !== "" || this.#dropped > 0) {
      const text = this.#waiting + (this.#dropped > 0 ? `{"dropped":${this.#dropped}}\n` : "");
      [this.#waiting, this.#dropped] = ["", 0];
      await this.#write(text);
    }
  }
}
