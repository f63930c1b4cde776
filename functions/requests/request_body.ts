import type { BodyMemory, HeldBody } from "./body_memory.ts";
import { Problem } from "../problem.ts";

/** How long a body may keep the server waiting where nothing else is said, in seconds. */
export const BODY_TIMEOUT = 30;
/** Bytes for each of which a body may keep the server waiting 1/8192 s longer: 8 KiB/s is a slow telephone line. */
const SLOWEST_BYTES_PER_SECOND = 2 ** 13;

/** A body that was read whole. */
export interface ReadBody {
  bytes: Uint8Array;
  /** To be called when nothing of the body is needed any more. */
  release(): void;
}

/** How a body is read. */
export interface ReadBodyOptions {
  /** Most bytes that it may have. */
  maxBytes: number;
  /** What a client may do instead of sending a larger one, for the message. */
  instead: string;
  /** What the bodies of all requests share. */
  memory: BodyMemory;
  /** How long it may keep the server waiting, in seconds. */
  timeout: number;
}

/**
 * Reads a request's body whole, if it is not too large. What is too large is not read on.
 *
 * @throws {Problem} 413 if it has too many bytes, 400 if it breaks off, 408 if it is too slow, 503 if the bodies of
 * other requests leave no room.
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
    const patience = new Patience(timeout);
    while (reader) {
      const value = await patience.wait(reader.read(), held);
      if (!value) break;
      length += value.length;
      if (length > maxBytes) throw tooLarge("more");
      held.add(value.length);
      chunks.push(value);
    }
  } catch (error) {
    held.release();
    reader?.cancel().catch(() => {}); // a client that is gone has nothing to be told
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
 * A request's body, piece by piece. The first is asked for at once, before there is an answer: what stands around a
 * Worker, such as `wrangler dev`, drains a body that nobody has begun to read when the answer's head is there.
 *
 * @param timeout How long it may keep the server waiting, in seconds. The time in which the server does not read does
 * not count.
 * @throws {Problem} 400 if it breaks off, 408 if it is too slow.
 */
export function bodyChunks({ body }: Request, timeout: number): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  const patience = new Patience(timeout);
  let next = reader?.read();
  next?.catch(() => {}); // heard of where it is awaited
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      while (next) {
        const value = await patience.wait(next);
        if (!value) return;
        yield value;
        next = reader!.read();
        next.catch(() => {});
      }
    } finally {
      reader?.cancel().catch(() => {}); // a client that is gone has nothing to be told
    }
  }
  return chunks();
}

/** How much longer a client is waited for. Each byte that comes buys a little more time. */
class Patience {
  readonly #timeout: number;
  #milliseconds: number;

  /** @param timeout In seconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
    this.#milliseconds = 1000 * timeout;
  }

  /**
   * Waits for the next piece of a body; undefined at its end.
   *
   * @param held Where it is given, the body may have to make room for another meanwhile.
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
      const bought = 1000 * (value?.length ?? 0) / SLOWEST_BYTES_PER_SECOND;
      const left = this.#milliseconds + bought - (performance.now() - started);
      this.#milliseconds = Math.min(left, 1000 * this.#timeout);
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  #tooSlow(): Problem {
    const detail =
      `The body kept the server waiting for ${this.#timeout} s; a body must come at ${SLOWEST_BYTES_PER_SECOND} ` +
      "bytes a second or more";
    return new Problem("request-timeout", detail);
  }
}

/** Of a client that is gone: nobody reads it, but it is no fault of the server's. */
function brokenOff(): Problem {
  return Problem.ofParameters("invalid-parameter", [{
    parameter: "body",
    message: "broke off before its end",
  }]);
}
