/** Most UTF-16 units of a line that are kept: what is longer is no name, and its beginning is enough to say so. */
export const MAX_LINE_UNITS = 4096;
/** Bytes that are read as text at a time, however many come in one piece. */
const PIECE = 2 ** 16;

/** A line of a text. */
export interface Line {
  /** Which it is, from 1. */
  number: number;
  /** The line without its end; only its beginning where it is {@link cut}. */
  text: string;
  /** It is longer than {@link MAX_LINE_UNITS}. */
  cut: boolean;
}

/**
 * Splits a stream of UTF-8 bytes into lines, in bounded memory, wherever the pieces are cut. A line ends with LF or
 * CRLF, the last one also without; a byte order mark is skipped, and bytes that are no UTF-8 are read as U+FFFD.
 *
 * @example
 * ```ts
 * import { LineSplitter } from "./lines.ts";
 *
 * const splitter = new LineSplitter();
 * const bytes = new TextEncoder().encode("ada\r\nbob");
 * [...splitter.push(bytes)]; // [{ number: 1, text: "ada", cut: false }]
 * [...splitter.end()]; // [{ number: 2, text: "bob", cut: false }]
 * ```
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder();
  /** What there is of a line whose end has not come. */
  #begun = "";
  /** That line is too long, and {@link #begun} only its beginning. */
  #cut = false;
  #number = 0;

  /** The lines that end in the next bytes. */
  *push(bytes: Uint8Array): Generator<Line> {
    for (let start = 0; start < bytes.length; start += PIECE) {
      yield* this.#split(this.#decoder.decode(bytes.subarray(start, start + PIECE), { stream: true }));
    }
  }

  /** The last line, where the text does not end with a line's end. */
  *end(): Generator<Line> {
    yield* this.#split(this.#decoder.decode());
    if (this.#begun !== "" || this.#cut) yield this.#line("");
  }

  *#split(text: string): Generator<Line> {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      yield this.#line(text.slice(start, end));
      start = end + 1;
    }
    this.#keep(text.slice(start));
  }

  /** Ends the line that was begun. */
  #line(rest: string): Line {
    this.#keep(rest);
    const [text, cut] = [this.#begun, this.#cut];
    this.#begun = "";
    this.#cut = false;
    return { number: ++this.#number, text: !cut && text.endsWith("\r") ? text.slice(0, -1) : text, cut };
  }

  #keep(text: string): void {
    if (this.#cut) return;
    // One unit more than a line may have, for the CR of its end.
    const room = MAX_LINE_UNITS + 1 - this.#begun.length;
    this.#begun += text.slice(0, Math.max(0, room));
    const length = this.#begun.length - (this.#begun.endsWith("\r") ? 1 : 0);
    if (text.length > room || length > MAX_LINE_UNITS) {
      this.#cut = true;
      this.#begun = this.#begun.slice(0, MAX_LINE_UNITS);
    }
  }
}
