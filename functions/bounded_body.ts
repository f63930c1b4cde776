import { Problem } from "./problem.ts";

/**
 * Reads a request's body whole, if it is not too large. What is too large is not read on.
 *
 * @param mostBytes How many bytes it may have.
 * @param instead What a client may do about it, for the message.
 * @throws {Problem} 413 if it has more, 400 if it breaks off.
 */
export async function readBody(request: Request, mostBytes: number, instead: string): Promise<Uint8Array> {
  const tooLarge = (has: string): Problem =>
    new Problem("body-too-large", `The body must have at most ${mostBytes} bytes, has ${has}; ${instead}`);
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > mostBytes) throw tooLarge(String(declared));
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Not `for await … throw`: a problem is to be answered at once, whatever becomes of the rest of the body.
  const reader = request.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read().catch(() => {
      throw brokenOff();
    });
    if (done) break;
    chunks.push(value);
    length += value.length;
    if (length <= mostBytes) continue;
    reader.cancel().catch(() => {});
    throw tooLarge("more");
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Of a client that is gone: nobody reads it, but it is no fault of the server's. */
function brokenOff(): Problem {
  return Problem.ofParameters("invalid-parameter", [{
    parameter: "body",
    message: "broke off before its end",
  }]);
}
