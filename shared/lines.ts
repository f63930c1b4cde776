/** Maximum length of a line, in UTF-16 units. A longer line cannot be a name, and is truncated. */
export const MAX_LINE_UNITS = 4096;
/** Bytes that are decoded at a time, which bounds the memory of the decoded text. */
const PIECE = 2 ** 16;

/** A line of a text. */
export interface Line {
  /** The line's number, from 1. */
  number: number;
  /** The line without its line ending; only its beginning if it is {@link truncated}. */
  text: string;
  /** Whether the line is longer than {@link MAX_LINE_UNITS}. */
  truncated: boolean;
}

/**
 * Splits a stream of UTF-8 bytes into lines, in bounded memory. A chunk may end anywhere, also inside a character.
 *
 * Lines end with LF or CRLF; the last one may end without. A byte order mark is skipped. Bytes that are not UTF-8 are
 * decoded as U+FFFD.
 *
 * @example
 * ```ts
 * import { LineSplitter } from "./lines.ts";
 *
 * const splitter = new LineSplitter();
 * const bytes = new TextEncoder().encode("ada\r\nbob");
 * [...splitter.push(bytes)]; // [{ number: 1, text: "ada", truncated: false }]
 * [...splitter.end()]; // [{ number: 2, text: "bob", truncated: false }]
 * ```
 */
export class LineSplitter {
  readonly #decoder: TextDecoder;
  /** The beginning of a line whose end has not arrived yet. */
  #begun = "";
  /** Whether that line is too long, and {@link #begun} is truncated. */
  #truncated = false;
  #number: number;

  /** @param firstLine The number of the first line. From 2 on, the text is the rest of one, and does not begin with a byte order mark. */
  constructor(firstLine = 1) {
    this.#decoder = new TextDecoder("utf-8", { ignoreBOM: firstLine > 1 });
    this.#number = firstLine - 1;
  }

  /** Yields the lines that end in the next chunk. */
  *push(bytes: Uint8Array): Generator<Line> {
    for (let start = 0; start < bytes.length; start += PIECE) {
      yield* this.#split(this.#decoder.decode(bytes.subarray(start, start + PIECE), { stream: true }));
    }
  }

  /** Yields the last line, if the text does not end with a line ending. */
  *end(): Generator<Line> {
    yield* this.#split(this.#decoder.decode());
    if (this.#begun !== "" || this.#truncated) yield this.#line("");
  }

  *#split(text: string): Generator<Line> {
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      yield this.#line(text.slice(start, end));
      start = end + 1;
    }
    this.#keep(text.slice(start));
  }

  /** Completes the begun line. */
  #line(rest: string): Line {
    this.#keep(rest);
    const [text, truncated] = [this.#begun, this.#truncated];
    this.#begun = "";
    this.#truncated = false;
    const hasReturn = !truncated && text.endsWith("\r");
    return { number: ++this.#number, text: hasReturn ? text.slice(0, -1) : text, truncated };
  }

  /** Appends to the begun line, up to its maximum length. */
  #keep(text: string): void {
    if (this.#truncated) return;
    // One more unit, because a CR at the end is part of the line ending.
    const room = MAX_LINE_UNITS + 1 - this.#begun.length;
    this.#begun += text.slice(0, Math.max(0, room));
    const length = this.#begun.length - (this.#begun.endsWith("\r") ? 1 : 0);
    if (text.length > room || length > MAX_LINE_UNITS) {
      this.#truncated = true;
      this.#begun = this.#begun.slice(0, MAX_LINE_UNITS);
    }
  }
}
