import type { BodyMemory, HeldBody } from "./body_memory.ts";
import { Problem } from "../problem.ts";

/** How long a body may keep the server waiting by default, in seconds. */
export const BODY_TIMEOUT = 30;
/** Bytes that extend the time limit by a second: 8 KiB/s is the speed of a slow telephone line. */
const MIN_BYTES_PER_SECOND = 2 ** 13;

/** A body that has been read to its end. */
export interface ReadBody {
  bytes: Uint8Array;
  /** Must be called when the body is no longer needed. */
  release(): void;
}

/** Limits of {@link readBody}. */
export interface ReadBodyOptions {
  /** The most bytes that the body may have. */
  maxBytes: number;
  /** What to do instead of sending a larger body, for the error message. */
  instead: string;
  /** The memory that the bodies of all requests share. */
  memory: BodyMemory;
  /** How long the body may keep the server waiting, in seconds. */
  timeout: number;
}

/**
 * Reads a request's body to its end. Stops reading once it is too large.
 *
 * This is not Hono's `bodyLimit`, which limits neither how long a body may take nor the memory of all bodies together.
 *
 * @throws {Problem} 413 if it has too many bytes, 400 if it ends early, 408 if it is too slow, 503 if the bodies of other
 * requests leave too little memory.
 */
export async function readBody(request: Request, options: ReadBodyOptions): Promise<ReadBody> {
  const { maxBytes, instead, memory, timeout } = options;
  const tooLarge = (has: string): Problem =>
    new Problem("body-too-large", `The body must have at most ${maxBytes} bytes, has ${has}; ${instead}`);
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(String(declared));
  const reader = request.body?.getReader();
  const held = memory.hold();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const bodyTimeout = new BodyTimeout(timeout);
    while (reader) {
      const value = await bodyTimeout.wait(reader.read(), held);
      if (!value) break;
      length += value.length;
      if (length > maxBytes) throw tooLarge("more");
      held.add(value.length);
      chunks.push(value);
    }
  } catch (error) {
    held.release();
    reader?.cancel().catch(() => {}); // fails if the client has disconnected
    throw error;
  }
  held.complete();
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { bytes, release: held.release };
}

/**
 * A request's body, chunk by chunk. The first is read at once, before there is a response: the proxy in front of a Worker,
 * such as `wrangler dev`, discards a body that is not being read when the response begins.
 *
 * @param timeout How long the body may keep the server waiting, in seconds. Time in which the server is not reading does not
 * count.
 * @throws {Problem} 400 if it ends early, 408 if it is too slow.
 */
export function bodyChunks({ body }: Request, timeout: number): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  const bodyTimeout = new BodyTimeout(timeout);
  let next = reader?.read();
  next?.catch(() => {}); // handled where it is awaited
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      while (next) {
        const value = await bodyTimeout.wait(next);
        if (!value) return;
        yield value;
        next = reader!.read();
        next.catch(() => {});
      }
    } finally {
      reader?.cancel().catch(() => {}); // fails if the client has disconnected
    }
  }
  return chunks();
}

/** The time limit of a body. Each byte that arrives extends it a little. */
class BodyTimeout {
  readonly #timeout: number;
  #milliseconds: number;

  /** @param timeout In seconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#milliseconds = 1000 * timeout;
  }

  /**
   * Waits for the next chunk of a body; undefined at its end.
   *
   * @param held The memory of the body, if it may be evicted meanwhile.
   */
  async wait(
    reading: Promise<ReadableStreamReadResult<Uint8Array>>,
    held?: HeldBody,
  ): Promise<Uint8Array | undefined> {
    const started = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tooSlow = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#tooSlow()), this.#milliseconds);
    });
    const broken = reading.catch(() => {
      throw brokenOff();
    });
    try {
      const { value } = await Promise.race(held ? [broken, tooSlow, held.evicted] : [broken, tooSlow]);
      const extension = 1000 * (value?.length ?? 0) / MIN_BYTES_PER_SECOND;
      const left = this.#milliseconds + extension - (performance.now() - started);
      this.#milliseconds = Math.min(left, 1000 * this.#timeout);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  #tooSlow(): Problem {
    const detail =
      `The body kept the server waiting for ${this.#timeout} s; a body must come at ${MIN_BYTES_PER_SECOND} ` +
      "bytes a second or more";
    return new Problem("request-timeout", detail);
  }
}

/** The client has disconnected, so nobody reads this; but it must not count as an internal server error. */
function brokenOff(): Problem {
  return Problem.ofParameters("invalid-parameter", [{
    parameter: "body",
    message: "broke off before its end",
  }]);
}
