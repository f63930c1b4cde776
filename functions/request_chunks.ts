/**
 * A request's body, piece by piece. The first is asked for at once, before there is an answer: what stands around a
 * Worker, such as `wrangler dev`, drains a body that nobody has begun to read when the answer's head is there.
 */
export function requestChunks({ body }: Request): AsyncIterable<Uint8Array> {
  const reader = body?.getReader();
  let next = reader?.read();
  next?.catch(() => {}); // heard of where it is awaited
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let read = await next; read && !read.done; read = await next) {
        yield read.value;
        next = reader?.read();
      }
    } finally {
      reader?.cancel().catch(() => {}); // a client that is gone has nothing to be told
    }
  }
  return chunks();
}
