/**
 * A stream of some pieces of text, made as they are read: a reader that is slow slows their maker, and one that goes
 * away ends it.
 *
 * @param ended Called once, when the stream has ended in whichever way.
 */
export function textStream(
  pieces: AsyncGenerator<string>,
  ended: () => void = () => {},
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await pieces.next();
        if (!done) return controller.enqueue(encoder.encode(value));
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      ended();
    },
    async cancel() {
      ended();
      await pieces.return(undefined);
    },
  }, { highWaterMark: 0 });
}
